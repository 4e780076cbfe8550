// What is known of one environment: a picture of it, its spaces in full, what can be trained on it, and the way there.
//
// Always holds: an answer about an environment that is no longer the chosen one changes nothing.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText, text } = pal;
  const SLOW = 300; // ms after which it is said that it is being made
  const GOAL = ["achieved_goal", "desired_goal", "observation"];
  const SMALL = 320; // pixels; narrower pictures are enlarged pixel by pixel

  class EnvironmentDetail {
    // choose(id): show another one; back(): leave it, where there is no room beside the list
    constructor({ choose, back }) {
      Object.assign(this, { choose, back, id: null, serial: 0, known: new Map() });
      this.content = h("div", { class: "pal-envs-content" });
      const leave = (this.leave = h("button", { type: "button", class: "pal-button pal-envs-back", text: text("environments.back") }));
      leave.addEventListener("click", () => back());
      this.node = h("aside", { class: "pal-envs-detail", "aria-label": text("environments.detail") }, leave, this.content);
      this.clear();
    }

    // None is chosen: say what there would be to see.
    clear() {
      this.serial += 1; // what is still being asked is of no use any more
      this.id = this.entry = null;
      this.content.replaceChildren(h("div", { class: "pal-envs-hint" }, pal.icon("search"), h("p", { text: text("environments.choose_one") })));
    }

    show(entry, versions) {
      if (this.id === entry.id && this.entry === entry) return;
      this.id = entry.id;
      this.entry = entry;
      this.versions = versions;
      this.node.scrollTop = 0;
      this.look();
    }

    // The list was read anew: the same environment may be another one now.
    refresh(entry, versions) {
      this.known.clear();
      if (!entry) this.clear();
      else if (JSON.stringify({ ...entry, haystack: "" }) !== JSON.stringify({ ...this.entry, haystack: "" }) || entry.family === "yours") {
        this.entry = entry;
        this.versions = versions;
        this.look();
      } else this.entry = entry;
    }

    async look(again = null) {
      this.serial += 1;
      const serial = this.serial;
      const { id } = this;
      const known = again ? null : this.known.get(id);
      this.draw(known || null);
      if (known || !this.entry.available) return;
      const slow = setTimeout(() => serial === this.serial && this.wait(), SLOW);
      try {
        const view = await pal.api.environment(id, again);
        this.known.set(id, view);
        if (serial === this.serial) this.draw(view);
      } catch (error) {
        if (serial === this.serial) this.draw({ problem: pal.errorText(error), algorithms: {}, presets: [] });
      } finally {
        clearTimeout(slow);
      }
    }

    wait() {
      const began = Date.now() - SLOW;
      const line = h("p", { class: "pal-muted" });
      const say = () => setText(line, text("environments.making", { seconds: Math.round((Date.now() - began) / 1000) }));
      say();
      const clock = setInterval(() => (line.isConnected ? say() : clearInterval(clock)), 1000);
      this.content.querySelector(".pal-envs-picture")?.replaceChildren(line);
    }

    // ---- drawing -------------------------------------------------------------------------------------------

    draw(view) {
      const parts = [this.head()];
      if (!this.entry.available) parts.push(this.missing());
      else if (view?.problem) parts.push(this.problem(view.problem));
      else parts.push(this.picture(view), this.ways(view));
      if (view && !view.problem && this.entry.available) parts.push(...this.notes(view));
      parts.push(this.facts(view));
      if (view?.observation) parts.push(this.spaces(view));
      this.content.replaceChildren(...parts.filter(Boolean));
    }

    head() {
      const others = this.versions.filter(({ id }) => id !== this.id);
      const box = h("header", { class: "pal-envs-head" }, h("h2", { text: this.entry.title }), h("div", { class: "pal-envs-id" }, h("code", { text: this.id }), pal.copyButton(() => this.id, text("environments.copy_id"))));
      if (others.length) {
        const links = others.slice(0, 8).map(({ id }) => {
          const button = h("button", { type: "button", class: "pal-linkbutton", text: id });
          button.addEventListener("click", () => this.choose(id));
          return button;
        });
        box.append(h("p", { class: "pal-envs-versions" }, h("span", { text: text("environments.versions") }), ...links));
      }
      return box;
    }

    missing() {
      const box = h("div", { class: "pal-envs-missing", role: "note" }, h("p", { text: pal.said(this.entry.missing) }));
      if (this.entry.command) box.append(pal.commandLine(this.entry.command), h("p", { class: "pal-muted", text: text("environments.then_look_again") }));
      return box;
    }

    problem(said) {
      return h("div", { class: "pal-envs-missing", role: "alert" }, h("p", { text: text("environments.cannot_be_made") }), h("pre", { class: "pal-detail", text: pal.said(said) }), this.againButton());
    }

    againButton() {
      const again = h("button", { type: "button", class: "pal-button", text: text("environments.try_again") });
      again.addEventListener("click", () => this.look("true"));
      return again;
    }

    picture(view) {
      const box = h("figure", { class: "pal-envs-picture" });
      if (!view) return box;
      if (!view.picture) {
        box.append(h("p", { class: "pal-muted", text: text("environments.no_picture", { why: pal.said(view.no_picture) || "" }) }), this.againButton());
        return box;
      }
      const address = pal.api.url("api/environments/picture", { id: this.id, of: view.picture });
      const image = h("img", { src: address, alt: text("environments.picture", { title: this.entry.title }) });
      image.addEventListener("load", () => image.classList.toggle("pal-envs-pixels", image.naturalWidth < SMALL));
      box.append(image);
      return box;
    }

    // ---- the way to Train ----------------------------------------------------------------------------------

    ways(view) {
      const presets = view?.presets || [];
      const best = pal.bestPreset(presets, this.id);
      const main = h("button", { type: "button", class: "pal-button pal-button-main", id: "environment-train", text: text("environments.train") });
      main.addEventListener("click", () => pal.trainOn(this.id, { preset: best, view }));
      const box = h("div", { class: "pal-envs-ways" }, main);
      if (!view) return box;
      box.append(h("span", { class: "pal-muted", text: best ? this.withPreset(best) : text("environments.no_preset") }));
      if (presets.length > 1) box.append(this.presets(presets, best));
      return box;
    }

    // The id on which a preset was tuned is told where it is not the one that is shown.
    withPreset({ name, environment }) {
      return environment === this.id ? text("environments.with_preset", { name }) : text("environments.with_preset_of", { name, environment });
    }

    presets(presets, best) {
      const row = (preset) => {
        const button = h("button", { type: "button", class: "pal-linkbutton", text: preset.name });
        button.addEventListener("click", () => pal.trainOn(this.id, { preset }));
        const score = pal.publishedReturn(preset);
        const on = preset.environment === this.id ? null : text("environments.tuned_on", { environment: preset.environment });
        const facts = [preset.algorithm_label, score === null ? null : text("environments.score", { value: pal.format.value(score) }), on];
        return h("li", { "aria-current": preset === best ? "true" : null }, button, h("span", { class: "pal-muted", text: facts.filter(Boolean).join(" · ") }));
      };
      return h("details", { class: "pal-envs-presets" }, h("summary", { text: text("environments.presets", { count: presets.length }) }), h("ul", {}, ...presets.map(row)));
    }

    notes(view) {
      const notes = [];
      const parts = Object.keys(view.observation?.parts || {}).sort();
      if (GOAL.every((name) => parts.includes(name))) notes.push(text("environments.goal"));
      if (view.wrapper) notes.push(text("environments.needs_wrapper", { wrapper: view.wrapper }));
      return notes.map((note) => h("p", { class: "pal-envs-advice", role: "note", text: note }));
    }

    facts(view) {
      const list = h("dl", { class: "pal-envs-facts" });
      const fact = (key, ...content) => list.append(h("dt", { text: text(key) }), h("dd", {}, ...content));
      if (view?.about) fact("environments.about", view.about);
      if (view?.spaces) {
        fact("environments.observations", pal.observationWords(view.spaces));
        fact("environments.actions", pal.actionWords(view.spaces));
        fact("environments.algorithms", this.algorithms(view));
      }
      const { reward_threshold: threshold, max_episode_steps: limit } = this.entry;
      fact("environments.solved", threshold === null ? text("environments.no_threshold") : text("environments.threshold", { value: pal.format.plain(threshold) }));
      fact("environments.limit", limit === null ? text("environments.no_limit") : text("environments.steps", { count: limit }));
      if (view?.render_modes) fact("environments.render_modes", view.render_modes.join(", ") || text("environments.none"));
      return list;
    }

    algorithms({ algorithms: fits, algorithm_labels: labels }) {
      const chip = ([name, fit]) => h("li", { class: "pal-envs-algorithm", data: { fits: String(fit) } }, labels[name], fit ? null : h("span", { class: "pal-sr-only", text: ` ${text("environments.does_not_fit")}` }));
      const ordered = Object.entries(fits).sort(([, first], [, second]) => second - first);
      return h("ul", { class: "pal-envs-algorithms" }, ...ordered.map(chip));
    }

    // ---- spaces in full ------------------------------------------------------------------------------------

    spaces(view) {
      const table = (title, space) => [h("h3", { text: title }), h("div", { class: "pal-envs-table", tabindex: "0", role: "region", "aria-label": title }, spaceTable(space))];
      return h("section", { class: "pal-envs-full" }, ...table(text("environments.observation_space"), view.observation), ...table(text("environments.action_space"), view.action));
    }
  }

  const bound = (value) => {
    if (Array.isArray(value)) return value.map(bound).join(", ");
    if (typeof value === "number") return String(value).replace("-", "−");
    return String(value ?? "").replaceAll("-infinity", "−∞").replaceAll("infinity", "∞").replaceAll("-", "−");
  };

  const size = (space) => (space.n !== undefined && !Array.isArray(space.n) ? String(space.n) : (space.shape || []).join(" × "));

  // One row a part; a part within a part is named with both, "desired.position".
  function rowsOf(space, name = "") {
    if (space.parts) return Object.entries(space.parts).flatMap(([part, inner]) => rowsOf(inner, name ? `${name}.${part}` : part));
    const low = space.kind === "Discrete" ? space.start : space.low;
    const high = space.kind === "Discrete" ? space.start + space.n - 1 : space.high;
    return [[name, space.kind, size(space), space.dtype || "", low === undefined ? "" : bound(low), high === undefined ? bound(space.n) : bound(high)]];
  }

  function spaceTable(space) {
    const rows = rowsOf(space);
    const named = rows.some(([name]) => name);
    const heads = ["part", "kind", "size", "type", "low", "high"].slice(named ? 0 : 1);
    const cells = (row) => row.slice(named ? 0 : 1).map((cell) => h("td", { text: cell }));
    return h("table", {}, h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col", text: text(`environments.space.${head}`) })))), h("tbody", {}, ...rows.map((row) => h("tr", {}, ...cells(row)))));
  }

  Object.assign(pal, { EnvironmentDetail });
})();
