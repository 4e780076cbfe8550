// The Environments tab: families with counts, a search over every id, and beside the list what is known of the chosen one.
//
// Always holds: of the list only what is in view is in the document; what environments are like is asked for when it
// comes into view, and never twice; the address names the chosen environment, so that a link leads to it.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText, text } = pal;
  const MOST_ASKED = 24; // ids in one question about spaces
  const AGAIN = 3000; // ms after which a question that got no answer is asked again
  let tab = null;

  // One environment, whatever its version.
  const titleOf = ({ family, title }) => `${family}/${title}`;

  // "104 environments, 352 ids", as `doctor` counts them.
  function inNumbers(entries) {
    const count = new Set(entries.map(titleOf)).size;
    const environments = text("environments.count", { count });
    return count === entries.length ? environments : `${environments}${text("form.comma")}${text("environments.ids", { count: entries.length })}`;
  }

  class Environments {
    constructor(root) {
      this.all = [];
      this.families = [];
      this.family = pal.remembered.get("environmentsFamily", "all");
      this.older = false;
      this.spaces = new Map(); // id -> spaces, or {problem}; "asked" while the answer is awaited
      this.build(root);
      this.own = new pal.OwnEnvironments(() => this.load());
      pal.place("environments", (id) => this.reveal(id), () => this.place);
      pal.watchVisible(root, (visible) => visible && this.load());
    }

    build(root) {
      const label = text("environments.search");
      this.search = h("input", { type: "search", class: "pal-input", placeholder: label, "aria-label": label, autocomplete: "off", spellcheck: "false" });
      this.search.addEventListener("input", () => this.show());
      this.search.addEventListener("keydown", (event) => this.intoList(event));
      const older = h("input", { type: "checkbox", id: "environments-older" });
      older.addEventListener("change", () => {
        this.older = older.checked;
        this.show();
      });
      const again = pal.toolButton("restart", text("environments.look_again"), () => this.load("true"));
      this.count = h("span", { class: "pal-envs-count", role: "status" });
      this.shelf = h("nav", { class: "pal-envs-families", "aria-label": text("environments.families") });
      this.choice = h("select", { class: "pal-input pal-envs-choice", "aria-label": text("environments.families") });
      this.choice.addEventListener("change", () => this.choose(this.choice.value));
      this.list = new pal.EnvironmentList({
        choose: (id) => this.select(id),
        settled: (ids) => this.ask(ids),
        spaces: (id) => this.spaces.get(id),
        familyOf: (key) => (this.family === "all" ? this.families.find((each) => each.key === key)?.title : ""),
      });
      this.note = h("div", { class: "pal-envs-note" });
      this.detail = new pal.EnvironmentDetail({ choose: (id) => this.reveal(id), back: () => this.leave() });
      const bar = h(
        "div",
        { class: "pal-toolbar pal-envs-bar" },
        this.choice,
        this.search,
        h("label", { class: "pal-envs-older", for: older.id }, older, h("span", { text: text("environments.older") })),
        this.count,
        again,
      );
      const middle = h("section", { class: "pal-envs-middle", "aria-label": text("tab.environments") }, bar, this.note, this.list.node);
      this.node = h("div", { class: "pal-envs" }, this.shelf, middle, this.detail.node);
      root.append(this.node);
    }

    // ---- what there is ------------------------------------------------------------------------------------

    async load(again = null) {
      // Gymnasium and its companions are read at the first question, which takes seconds.
      if (!this.all.length) setText(this.count, text("environments.loading"));
      try {
        const [{ families, environments }, own] = await Promise.all([pal.api.environments(again), pal.api.ownEnvironments()]);
        pal.settled("environments");
        this.take(families, environments, own);
      } catch (error) {
        pal.fail(error, text("environments.no_list"), "environments");
      }
    }

    take(families, environments, own) {
      this.own.take(own);
      for (const each of environments) {
        each.haystack = `${each.id} ${each.title} ${each.title.replaceAll(" ", "")} ${families.find(({ key }) => key === each.family)?.title}`.toLowerCase();
      }
      const before = JSON.stringify(this.all.filter(({ family }) => family === "yours"));
      this.all = environments;
      if (JSON.stringify(environments.filter(({ family }) => family === "yours")) !== before) this.forgetOwn();
      const yours = families.find(({ key }) => key === "yours") || { key: "yours", title: text("environments.yours") };
      const others = families.filter(({ key }) => key !== "yours").map((family) => ({ ...family, title: pal.said(family.title) }));
      this.families = [{ ...yours, title: text("environments.yours") }, ...others];
      if (this.family !== "all" && !this.families.some(({ key }) => key === this.family)) this.family = "all";
      this.show();
      if (this.wanted) this.reveal(this.wanted);
      else if (this.detail.id) this.detail.refresh(this.entry(this.detail.id), this.others(this.detail.id));
    }

    forgetOwn() {
      for (const { id, family } of this.all) if (family === "yours") this.spaces.delete(id);
    }

    entry(id) {
      return this.all.find((each) => each.id === id);
    }

    others(id) {
      const entry = this.entry(id);
      return entry ? this.all.filter((each) => each.family === entry.family && each.title === entry.title) : [];
    }

    // ---- what is shown ------------------------------------------------------------------------------------

    // Every word must occur.
    found() {
      const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = this.all.filter((each) => words.every((word) => each.haystack.includes(word)));
      if (!words.length) return wanted;
      const begins = (each) => each.id.slice(each.id.lastIndexOf("/") + 1).toLowerCase().startsWith(words[0]);
      return [...wanted.filter(begins), ...wanted.filter((each) => !begins(each))];
    }

    // Without its older versions an environment is listed once, as the newest version that was found; an id that is
    // written in full is always listed.
    listed(found) {
      if (this.older) return found;
      const seen = new Set();
      const first = (each) => !seen.has(titleOf(each)) && seen.add(titleOf(each));
      const exact = this.search.value.trim().toLowerCase();
      return found.filter((each) => first(each) || each.id.toLowerCase() === exact);
    }

    show() {
      const found = this.found();
      this.showFamilies(found);
      const within = this.family === "all" ? found : found.filter(({ family }) => family === this.family);
      const shown = this.listed(within);
      const runs = this.family === "all" ? within.filter(({ family }) => this.runsHere(family)) : within;
      setText(this.count, inNumbers(runs.length ? runs : within));
      this.list.show(shown, this.detail.id);
      this.showNote(shown);
    }

    // Whether anything of a family can be trained on here; before there are files of one's own, there may be.
    runsHere(key) {
      return this.families.find((family) => family.key === key)?.runs_here ?? true;
    }

    showFamilies(found) {
      const counts = new Map();
      for (const title of new Set(found.map(titleOf))) {
        const [family] = title.split("/", 1);
        counts.set(family, (counts.get(family) || 0) + 1);
      }
      const total = [...counts].reduce((sum, [family, count]) => sum + (this.runsHere(family) ? count : 0), 0);
      const all = { key: "all", title: text("environments.all") };
      const there = (family) => family.key === "yours" || family.key === "all" || !(family.command || family.problem);
      const idle = (family) => there(family) && family.key !== "yours" && family.runs_here === false;
      const amount = ({ key }) => (key === "all" ? total : counts.get(key) || 0);
      const known = [all, ...this.families];
      const absent = known.filter((family) => !there(family));
      const useless = known.filter(idle);
      const usable = known.filter((family) => there(family) && !idle(family));
      const item = (family) => {
        const number = there(family) ? pal.format.count(amount(family)) : text("environments.absent");
        const button = h("button", { type: "button", class: "pal-envs-family", data: { family: family.key }, "aria-current": family.key === this.family ? "true" : null }, h("span", { text: family.title }), h("span", { class: "pal-envs-number", text: number }));
        button.addEventListener("click", () => this.choose(family.key));
        return button;
      };
      const focused = this.shelf.contains(document.activeElement) ? document.activeElement.dataset.family : null;
      const headed = (title, families) => (families.length ? [h("h2", { text: title }), ...families.map(item)] : []);
      this.shelf.replaceChildren(...usable.map(item), ...headed(text("environments.more"), absent), ...headed(text("environments.idle"), useless));
      if (focused) this.shelf.querySelector(`[data-family="${focused}"]`)?.focus();
      this.choice.replaceChildren(...[...usable, ...absent, ...useless].map((family) => h("option", { value: family.key, text: there(family) ? `${family.title} (${amount(family)})` : `${family.title}: ${text("environments.absent")}` })));
      this.choice.value = this.family;
    }

    // Above the list: one's own files, what a missing family needs, or that nothing matches.
    showNote(shown) {
      const family = this.families.find(({ key }) => key === this.family);
      const parts = [];
      if (this.family === "yours") parts.push(this.own.node);
      if (family?.command || family?.problem) parts.push(pal.absentFamily(family));
      const elsewhere = this.search.value && this.family !== "all" && !shown.length;
      if (!shown.length && this.search.value) parts.push(this.nothing(elsewhere));
      pal.arrange(this.note, parts);
      this.note.hidden = !parts.length;
    }

    nothing(elsewhere) {
      const button = h("button", { type: "button", class: "pal-button", text: text(elsewhere ? "environments.search_all" : "environments.clear") });
      button.addEventListener("click", () => {
        if (!elsewhere) this.search.value = "";
        this.choose("all");
        this.search.focus(); // the button has gone with what it was for
      });
      return h("div", { class: "pal-envs-nothing" }, h("p", { text: text("environments.nothing") }), button);
    }

    choose(key) {
      this.family = key;
      pal.remembered.set("environmentsFamily", key);
      this.list.node.scrollTop = 0;
      if (key !== "all" && this.detail.id && this.entry(this.detail.id)?.family !== key) this.forget();
      this.show();
    }

    // ---- the chosen one -----------------------------------------------------------------------------------

    select(id) {
      const entry = this.entry(id);
      if (!entry) return;
      this.wanted = null;
      this.stand(id);
      this.list.mark(id);
      this.node.classList.add("pal-envs-chosen");
      this.detail.show(entry, this.others(id));
      // Where there is no room beside it, the list goes, and the focus with it.
      if (document.activeElement === document.body || !document.activeElement.checkVisibility()) this.detail.leave.focus();
    }

    // Shows an environment wherever it is in the list; one that is asked for before the list has come waits.
    reveal(id) {
      const entry = this.entry(id);
      if (!entry) {
        this.wanted = this.all.length ? null : id;
        return;
      }
      if (entry.older && !this.older) this.search.value = id;
      if (this.family !== "all" && this.family !== entry.family) this.family = "all";
      if (!this.listed(this.found()).includes(entry)) this.search.value = "";
      this.show();
      this.select(id);
      this.list.reveal(id);
    }

    // What is shown beside the list would be of another family.
    forget() {
      this.detail.clear();
      this.node.classList.remove("pal-envs-chosen");
      this.stand("");
    }

    leave() {
      this.node.classList.remove("pal-envs-chosen");
      this.stand("");
      this.list.node.focus();
    }

    stand(place) {
      this.place = place;
      pal.keepAddress("environments", place);
    }

    intoList(event) {
      if (event.key !== "ArrowDown") return;
      event.preventDefault();
      this.list.node.focus();
      this.list.step(0);
    }

    // ---- spaces of the rows in view -----------------------------------------------------------------------

    async ask(ids) {
      if (this.asking) return;
      const wanted = ids.filter((id) => !this.spaces.has(id) && this.entry(id)?.available).slice(0, MOST_ASKED);
      if (!wanted.length) return;
      this.asking = true;
      for (const id of wanted) this.spaces.set(id, "asked");
      clearTimeout(this.retry);
      try {
        const { spaces } = await pal.api.environmentSpaces(wanted);
        const came = Object.keys(spaces).length > 0;
        for (const id of wanted) {
          if (spaces[id] || !came) this.spaces.set(id, spaces[id] || { problem: "" });
          else this.spaces.delete(id); // there was no time for it: it is asked for again
        }
        this.list.settle();
      } catch {
        for (const id of wanted) this.spaces.delete(id); // nothing is known; what is wrong the status bar says
        this.retry = setTimeout(() => document.hidden || this.list.settle(), AGAIN);
      } finally {
        this.asking = false;
      }
      this.list.redraw();
    }
  }

  // What to do to have a family that is not installed or cannot be loaded.
  pal.absentFamily = (family) => {
    const box = h("div", { class: "pal-envs-absent" }, h("h2", { text: family.title }));
    if (family.about) box.append(h("p", { text: text("environments.about_family", { about: pal.said(family.about) }) }));
    if (family.command) box.append(h("p", { text: text("environments.not_installed") }), pal.commandLine(family.command), h("p", { class: "pal-muted", text: text("environments.then_look_again") }));
    else box.append(h("p", { text: text("environments.broken_family") }), h("pre", { class: "pal-detail", text: pal.said(family.problem) }));
    return box;
  };

  // A line for the terminal, with a button that copies it.
  pal.commandLine = (command) => h("div", { class: "pal-envs-command" }, h("code", { text: command }), pal.copyButton(() => command, text("environments.copy_command")));

  pal.shortcut("/", () => tab?.search.focus(), { tab: "environments", says: "shortcuts.search" });

  pal.island("environments", (node) => {
    tab = new Environments(node);
  });
})();
