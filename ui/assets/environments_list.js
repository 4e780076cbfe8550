// A long list of environments, of which only the rows in view are in the document.
//
// Follows the listbox pattern of the ARIA practices guide: the list has the focus, arrow keys move what is chosen.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, text } = pal;
  const ROW = 58; // px, as in environments.css
  const AROUND = 6; // rows drawn above and below what is in view
  const SETTLED = 350; // ms without scrolling, after which the rows that are drawn are asked about
  const PAGE = 8;
  const NARROW = matchMedia("(max-width: 760px)"); // as in environments.css

  // What a policy sees and does, in words: "4 numbers", "image 84 × 84 × 4", "6 actions".
  function observationWords(spaces) {
    const lengths = spaces.observation_shape || [];
    const count = lengths.reduce((product, length) => product * length, 1);
    return text(`environments.sees.${spaces.observation_kind}`, { shape: pal.format.shape(lengths, { image: spaces.observation_kind === "image" }) || "1", count });
  }

  function actionWords(spaces) {
    if (spaces.n_actions !== null && spaces.n_actions !== undefined) return text("environments.acts.discrete", { count: spaces.n_actions });
    const size = (spaces.action_shape || []).reduce((product, length) => product * length, 1);
    return text(`environments.acts.${spaces.action_kind}`, { count: size });
  }

  class EnvironmentList {
    // choose(id), settled(ids in view, then those drawn around them), spaces(id) -> spaces, {problem}, "asked" or undefined, familyOf(key) -> title or ""
    constructor({ choose, settled, spaces, familyOf }) {
      Object.assign(this, { choose, settled, spaces, familyOf, entries: [], drawn: new Map(), chosen: null, timer: 0 });
      this.space = h("div", { class: "pal-envs-space" });
      this.node = h("div", { class: "pal-envs-list", role: "listbox", tabindex: "0", "aria-label": text("tab.environments") }, this.space);
      this.node.addEventListener("scroll", () => this.scrolled(), { passive: true });
      this.node.addEventListener("keydown", (event) => this.key(event));
      this.node.addEventListener("click", (event) => {
        const row = event.target.closest("[role=option]");
        if (row) this.choose(row.dataset.id);
      });
      new ResizeObserver(() => this.draw()).observe(this.node);
    }

    show(entries, chosen) {
      this.entries = entries;
      this.chosen = chosen;
      this.space.style.height = `${entries.length * ROW}px`;
      this.node.hidden = !entries.length;
      this.redraw();
      this.settle();
    }

    redraw() {
      this.space.replaceChildren();
      this.drawn.clear();
      this.draw();
    }

    range() {
      const first = Math.floor(this.node.scrollTop / ROW);
      return [first, first + Math.ceil(this.node.clientHeight / ROW)];
    }

    draw() {
      const [first, last] = this.range();
      const from = Math.max(0, first - AROUND);
      const to = Math.min(this.entries.length, last + AROUND);
      for (const [index, row] of this.drawn) {
        if (index >= from && index < to) continue;
        row.remove();
        this.drawn.delete(index);
      }
      for (let index = from; index < to; index += 1) {
        if (this.drawn.has(index)) continue;
        const row = this.row(this.entries[index], index);
        this.drawn.set(index, row);
        this.space.append(row);
      }
      const active = this.entries.findIndex(({ id }) => id === this.chosen);
      pal.setAttr(this.node, "aria-activedescendant", this.drawn.get(active)?.id || null);
    }

    row(entry, index) {
      const known = this.spaces(entry.id);
      const facts = h("span", { class: "pal-envs-spaces", text: this.words(entry, known) });
      const marks = [];
      const family = this.familyOf(entry.family);
      if (family) marks.push(h("span", { class: "pal-envs-tag", text: family }));
      if (!entry.available) marks.push(h("span", { class: "pal-envs-tag", data: { kind: "missing" }, text: text(entry.command ? "environments.absent" : "environments.retired") }));
      const figures = h("span", { class: "pal-envs-figures" });
      if (entry.reward_threshold !== null) figures.append(h("span", { text: text("environments.solved_short", { value: pal.format.plain(entry.reward_threshold) }) }));
      if (entry.max_episode_steps !== null) figures.append(h("span", { text: text("environments.limit_short", { count: entry.max_episode_steps }) }));
      const node = h(
        "div",
        {
          role: "option",
          id: `environment-row-${index}`,
          class: "pal-envs-row",
          data: { id: entry.id, missing: String(!entry.available) },
          "aria-selected": String(entry.id === this.chosen),
          "aria-setsize": this.entries.length,
          "aria-posinset": index + 1,
        },
        h("span", { class: "pal-envs-name" }, h("b", { text: entry.title }), h("code", { text: entry.id })),
        figures,
        facts,
        h("span", { class: "pal-envs-tags" }, ...marks),
      );
      node.style.top = `${index * ROW}px`;
      return node;
    }

    words(entry, known) {
      if (!entry.available) return pal.said(entry.missing);
      if (!known || known === "asked") return "…";
      if (known.problem !== undefined) return known.problem || text("environments.unknown_spaces");
      return `${observationWords(known)} · ${actionWords(known)}`;
    }

    // ---- choosing ------------------------------------------------------------------------------------------

    mark(id) {
      this.chosen = id;
      for (const row of this.drawn.values()) row.setAttribute("aria-selected", String(row.dataset.id === id));
      this.draw();
    }

    reveal(id) {
      const index = this.entries.findIndex((each) => each.id === id);
      if (index < 0) return;
      const top = index * ROW;
      const seen = this.node.clientHeight;
      if (top < this.node.scrollTop) this.node.scrollTop = top;
      else if (top + ROW > this.node.scrollTop + seen) this.node.scrollTop = top + ROW - seen;
      this.draw();
    }

    step(by) {
      if (!this.entries.length) return;
      const now = this.entries.findIndex(({ id }) => id === this.chosen); // -1 is just above the first
      const next = Math.min(Math.max(now + by, 0), this.entries.length - 1);
      this.chosen = this.entries[next].id;
      this.reveal(this.chosen);
      this.mark(this.chosen);
      clearTimeout(this.choosing);
      if (NARROW.matches) return; // what is chosen takes the place of the list: that takes the Enter key
      this.choosing = setTimeout(() => this.choose(this.chosen), 150); // whoever holds the key wants the last one
    }

    key(event) {
      const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE, Home: -this.entries.length, End: this.entries.length };
      if (event.key in steps) {
        event.preventDefault();
        this.step(steps[event.key]);
      } else if (event.key === "Enter" && this.chosen) {
        event.preventDefault();
        clearTimeout(this.choosing);
        this.choose(this.chosen);
      }
    }

    // ---- what is in view -----------------------------------------------------------------------------------

    scrolled() {
      this.draw();
      this.settle();
    }

    settle() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        const [first, last] = this.range();
        const inView = ([index]) => index >= first && index <= last;
        const rows = [...this.drawn];
        const inTurn = [...rows.filter(inView), ...rows.filter((each) => !inView(each))];
        if (this.node.clientHeight) this.settled(inTurn.map(([, row]) => row.dataset.id));
      }, SETTLED);
    }
  }

  Object.assign(pal, { EnvironmentList, observationWords, actionWords });
})();
