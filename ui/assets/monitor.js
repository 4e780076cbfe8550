// The Monitor tab: chips of the live runs, their cards, the queue, and what ended lately.
//
// Which cards are open follows from the server's state, plus the ended runs that the reader opened or watched ending.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const { progress, duration, count, value, ago, exact } = pal.format;

  class Monitor {
    constructor(root) {
      this.cards = new Map(); // run id -> RunCard
      this.opened = new Map(); // run id -> last known run, for cards of ended runs
      this.wanted = null; // a run to scroll to as soon as its card is there
      this.rows = new Map();
      this.root = root;
      this.build();
      pal.onTheme(() => this.cards.forEach((card) => card.recolour()));
      pal.onState((state) => state.data && this.show(state.data));
    }

    build() {
      this.chips = h("div", { class: "pal-chips", role: "group", "aria-label": pal.text("monitor.runs") });
      this.grid = h("div", { class: "pal-cards" });
      this.queue = this.section("", "pal-queue");
      this.ended = h("details", { class: "pal-ended pal-section", hidden: true }, h("summary"), h("div", { class: "pal-rows" }));
      this.ended.open = pal.remembered.get("ended-open", false);
      this.ended.addEventListener("toggle", () => pal.remembered.set("ended-open", this.ended.open));
      this.empty = this.buildEmpty();
      this.bar = h("div", { class: "pal-toolbar", hidden: true }, this.chips, this.buildLayout());
      this.rescue = pal.rescue();
      this.root.append(h("div", { class: "pal-monitor" }, this.rescue, this.bar, this.empty, this.grid, this.queue, this.ended));
    }

    section(title, className) {
      const node = h("section", { class: `pal-section ${className}`, hidden: true }, h("h2"), h("div", { class: "pal-rows" }));
      setText(node.firstChild, title);
      return node;
    }

    buildEmpty() {
      const go = h("button", { class: "pal-button pal-button-main", type: "button", text: pal.text("monitor.choose_preset") });
      go.addEventListener("click", () => pal.selectTab("train"));
      go.hidden = !pal.hasTab("train");
      return h(
        "div",
        { class: "pal-empty", hidden: true },
        pal.icon("chart"),
        h("h2", { text: pal.text("monitor.empty_title") }),
        h("p", { text: pal.text("monitor.empty") }),
        go,
      );
    }

    buildLayout() {
      const names = ["monitor.one_column", "monitor.two_columns", "monitor.three_columns", "monitor.four_columns"].map((key) => pal.text(key));
      const node = h("div", { class: "pal-layout", role: "radiogroup", "aria-label": pal.text("monitor.columns") });
      const choose = (columns, focus) => {
        this.grid.dataset.columns = String(columns);
        pal.remembered.set("columns", columns);
        [...node.children].forEach((button, index) => {
          const chosen = index + 1 === columns;
          button.setAttribute("aria-checked", String(chosen));
          button.tabIndex = chosen ? 0 : -1;
          if (chosen && focus) button.focus();
        });
      };
      names.forEach((name, index) => {
        const button = h("button", { class: "pal-layout-choice", type: "button", role: "radio", "aria-label": name, text: String(index + 1) });
        pal.setTip(button, name);
        button.addEventListener("click", () => choose(index + 1, false));
        node.append(button);
      });
      node.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        choose(((Number(this.grid.dataset.columns) - 1 + step + 4) % 4) + 1, true);
      });
      choose(Math.min(4, Math.max(1, Number(pal.remembered.get("columns", 1)) || 1)), false);
      this.chooseColumns = choose;
      return node;
    }

    togglePause() {
      const focused = document.activeElement?.closest?.(".pal-card")?.dataset.run;
      const card = this.cards.get(focused) || [...this.cards.values()].find((one) => pal.runs.isLive(one.run));
      if (!card) return;
      const action = card.run.status === "paused" ? "resume" : "pause";
      const reason = pal.reasonAgainst(card.run, action);
      if (reason) pal.toast(reason);
      else pal.act(card.run, action);
    }

    // ---- new facts ------------------------------------------------------------------------------------------

    show({ runs, counts }) {
      this.rescue.show(counts?.interrupted || 0, runs.filter((run) => run.status === "interrupted"));
      const live = runs.filter(pal.runs.isLive).sort((a, b) => a.created_at - b.created_at);
      const queued = runs.filter((run) => run.status === "queued");
      const ended = runs.filter((run) => pal.states.ended.includes(run.status));
      for (const run of ended) {
        if (this.cards.has(run.id)) this.opened.set(run.id, run); // it ended under its reader's eyes: the card stays
      }
      for (const run of live) this.opened.delete(run.id);
      // In the order of their birth: no card jumps when another one changes its state, now or after a reload.
      this.showCards([...live, ...this.opened.values()].sort((a, b) => a.created_at - b.created_at));
      this.showChips(live, queued);
      this.showRows(this.queue, pal.text("monitor.queued", { count: queued.length }), queued, queueRow);
      this.showRows(this.ended, pal.text("monitor.ended", { count: ended.length }), ended, (run) => endedRow(run, () => this.open(run)));
      this.grid.hidden = this.cards.size === 0;
      this.empty.hidden = this.cards.size > 0 || queued.length > 0;
      this.bar.hidden = !this.empty.hidden;
      this.reveal();
    }

    showCards(runs) {
      const ids = new Set(runs.map((run) => run.id));
      for (const [id, card] of this.cards) {
        if (ids.has(id)) continue;
        card.destroy();
        this.cards.delete(id);
      }
      for (const run of runs) {
        const card = this.cards.get(run.id);
        if (card) card.show(run);
        else this.cards.set(run.id, new pal.RunCard(run, (closed) => this.close(closed)));
      }
      pal.arrange(this.grid, runs.map((run) => this.cards.get(run.id).node));
    }

    showChips(live, queued) {
      const wanted = live.map((run) => {
        const chip = this.row(`chip ${run.id}`, () => chipOf(run, () => this.reveal(run.id)));
        chip.show(run);
        return chip;
      });
      if (queued.length) {
        const more = this.row("chip queued", () => queuedChip(() => this.queue.scrollIntoView({ behavior: "smooth" })));
        setText(more.lastChild, pal.text("monitor.queued_chip", { count: queued.length }));
        wanted.push(more);
      }
      pal.arrange(this.chips, wanted);
    }

    showRows(section, title, runs, create) {
      section.hidden = runs.length === 0;
      setText(section.firstChild, title);
      const wanted = runs.map((run) => {
        const row = this.row(`${section.className} ${run.id}`, () => create(run));
        row.show(run);
        return row;
      });
      pal.arrange(section.lastChild, wanted);
    }

    // Rows and chips are made once for each run and only shown anew.
    row(key, create) {
      if (!this.rows.has(key)) this.rows.set(key, create());
      if (this.rows.size > 400) for (const [old, node] of this.rows) if (!node.isConnected && old !== key) this.rows.delete(old);
      return this.rows.get(key);
    }

    // ---- opening and closing cards --------------------------------------------------------------------------

    open(run) {
      this.opened.set(run.id, run);
      this.wanted = run.id;
      if (pal.state.data) this.show(pal.state.data);
    }

    close(card) {
      this.opened.delete(card.id);
      card.destroy();
      this.cards.delete(card.id);
      if (pal.state.data) this.show(pal.state.data);
    }

    // Scrolls to a run now, or as soon as it has a card or a place in the queue.
    reveal(id = this.wanted) {
      if (!id) return;
      this.wanted = id;
      const card = this.cards.get(id);
      const node = card ? card.node : this.rows.get(`${this.queue.className} ${id}`);
      if (!node?.isConnected || !node.offsetParent) return;
      this.wanted = null;
      requestAnimationFrame(() => (card ? card.focus() : node.scrollIntoView({ block: "center", behavior: "smooth" })));
    }
  }

  function chipOf(run, fn) {
    const sign = pal.sign(run.status, { wordless: true });
    const name = h("span", { class: "pal-chip-name" });
    const more = h("span", { class: "pal-chip-more" });
    const node = h("button", { class: "pal-chip", type: "button", data: { run: run.id } }, sign, name, more);
    node.style.setProperty("--pal-run", `var(--pal-run-${pal.runs.colourIndex(run.id)})`);
    node.addEventListener("click", fn);
    node.show = (now) => {
      const { status, word } = pal.runs.shown(now);
      sign.show(status, word);
      setText(name, pal.runs.title(now));
      const eta = now.status === "running" && pal.format.known(now.eta_seconds) ? pal.text("monitor.eta", { time: duration(now.eta_seconds) }) : null;
      setText(more, [progress(now.progress), eta || word || pal.statusWord(now.status)].filter(Boolean).join("  "));
    };
    return node;
  }

  function queuedChip(fn) {
    const node = h("button", { class: "pal-chip", type: "button" }, pal.sign("queued", { wordless: true }), h("span", { class: "pal-chip-name" }));
    node.addEventListener("click", fn);
    return node;
  }

  function queueRow(run) {
    let current = run;
    const sign = pal.sign(run.status);
    const name = h("span", { class: "pal-row-name" });
    const facts = h("span", { class: "pal-row-facts" });
    const buttons = pal.runs.actionButtons(() => current, ["start", "stop"]);
    const node = h("div", { class: "pal-row", data: { run: run.id } }, sign, name, facts, buttons);
    node.show = (now) => {
      current = now;
      const { status, word } = pal.runs.shown(now);
      sign.show(status, word);
      setText(name, pal.runs.title(now));
      setText(facts, [pal.said(now.reason), pal.runs.facts(now)].filter(Boolean).join(" · "));
      buttons.show(now);
    };
    return node;
  }

  function endedRow(run, fn) {
    const sign = pal.sign(run.status);
    const name = h("span", { class: "pal-row-name" });
    const facts = h("span", { class: "pal-row-facts" });
    const score = h("span", { class: "pal-row-number" });
    const when = h("span", { class: "pal-row-when" });
    const node = h("button", { class: "pal-row pal-row-button", type: "button", data: { run: run.id } }, sign, name, facts, score, when);
    pal.setTip(node, pal.text("monitor.open_card"));
    node.addEventListener("click", fn);
    node.show = (now) => {
      sign.show(now.status);
      setText(name, pal.runs.title(now));
      const told = now.status === "failed" ? pal.said(now.reason) : null;
      setText(facts, [told, pal.runs.facts(now), pal.text("monitor.steps", { count: now.step })].filter(Boolean).join(" · "));
      const best = now.evaluation ? now.evaluation.mean_return : now.returns?.mean;
      setText(score, pal.format.known(best) ? pal.text(now.evaluation ? "monitor.evaluated" : "monitor.mean", { value: value(best) }) : "");
      setText(when, ago(now.ended_at));
      pal.setTip(node, pal.text("monitor.ended_at", { time: exact(now.ended_at) }));
    };
    return node;
  }

  let monitor = null;
  let early = null;
  pal.shortcut("p", () => monitor?.togglePause(), { tab: "monitor", says: "shortcuts.pause" });
  for (const columns of ["1", "2", "3", "4"]) {
    const listed = columns === "1" ? { says: "shortcuts.columns", shown: "1–4" } : {};
    pal.shortcut(columns, () => monitor?.chooseColumns(Number(columns), false), { tab: "monitor", ...listed });
  }
  pal.island("monitor", (root) => {
    pal.knowLiveFields(root.given?.liveFields || []);
    monitor = new Monitor(root);
    if (early) monitor.reveal(early);
  });

  // Opens the card of a run that may have ended long ago.
  pal.showRun = (run) => {
    pal.selectTab("monitor");
    if (pal.runs.isLive(run) || run.status === "queued") pal.openRun(run.id);
    else monitor?.open(run);
  };

  // Opens the Monitor tab on a run; used by Train after Start. Works before the tab was ever visited.
  pal.openRun = (id) => {
    if (monitor) monitor.wanted = id;
    else early = id;
    pal.selectTab("monitor");
    if (monitor) monitor.reveal(id);
    pal.pollNow();
  };
})();
