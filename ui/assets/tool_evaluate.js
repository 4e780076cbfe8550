// Evaluate: whole episodes with a checkpoint, and every result that was kept.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;
  const { count, value, spread, ago, exact } = pal.format;

  class Evaluate extends pal.ToolPanel {
    constructor(tools) {
      super(tools, { name: "evaluate", kinds: ["evaluate"], icon: "chart", wide: true });
      this.episodes = this.number(pal.text("tools.episodes_each"), 10);
      this.seeds = this.number(pal.text("tools.seeds"), "0", pal.text("tools.seeds_tip"));
      this.seeds.removeAttribute("inputmode");
      this.deterministic = this.check(pal.text("tools.deterministic"), true, pal.text("tools.deterministic_tip"));
    }

    get named() {
      return { episodes: this.episodes, seeds: this.seeds };
    }

    read() {
      const seeds = this.seeds.value.split(/[\s,;]+/).filter(Boolean).map((seed) => pal.readNumber(seed, { whole: true }));
      return {
        kind: "evaluate",
        run: this.run.id,
        checkpoint: this.tools.checkpoint,
        episodes: pal.readNumber(this.episodes.value, { whole: true }),
        seeds,
        deterministic: this.deterministic.checked,
      };
    }

    refresh() {
      this.load(pal.api.evaluations, ({ evaluations }) => this.showResults(evaluations));
    }

    showResults(evaluations) {
      if (evaluations.length === 0) {
        this.results.replaceChildren(h("p", { class: "pal-tool-none", text: pal.text("tools.no_evaluation") }));
        return;
      }
      const heads = ["step", "policy", "mean", "interval", "smallest", "largest", "length", "episodes", "when", "details"];
      const head = h("tr", {}, ...heads.map((name) => h("th", { scope: "col", class: name === "policy" ? "" : "pal-tool-number", text: pal.text(`tools.column_${name}`) })));
      const table = h("table", { class: "pal-tool-table" }, h("caption", { class: "pal-sr-only", text: pal.text("tools.results") }), h("thead", {}, head), h("tbody", {}, ...evaluations.map((each) => this.row(each))));
      const note = h("p", { class: "pal-tool-note", text: pal.text("tools.interval_about") });
      this.results.replaceChildren(h("div", { class: "pal-tool-scroll", tabindex: "0", role: "region", "aria-label": pal.text("tools.results") }, table), note);
    }

    row(result) {
      const all = result.all;
      const interval = all.interval ? `${value(all.interval[0])} … ${value(all.interval[1])}` : pal.format.none;
      const cell = (text) => h("td", { class: "pal-tool-number", text });
      const when = cell(ago(result.time));
      pal.setTip(when, exact(result.time));
      const more = h("button", { class: "pal-linkbutton", type: "button", text: pal.text("tools.show") });
      more.addEventListener("click", () => showEpisodes(result));
      return h(
        "tr",
        {},
        cell(count(result.step)),
        h("td", { text: pal.text(result.deterministic ? "tools.deterministic_short" : "tools.stochastic_short") }),
        h("td", { class: "pal-tool-number pal-tool-mean", text: spread(all.mean, all.std) }),
        cell(interval),
        cell(value(all.min)),
        cell(value(all.max)),
        cell(value(all.mean_length)),
        cell(count(all.episodes)),
        when,
        h("td", { class: "pal-tool-number" }, more),
      );
    }
  }

  // Every episode of an evaluation, seed by seed.
  function showEpisodes(result) {
    const row = (seed) =>
      h(
        "div",
        { class: "pal-tool-seed" },
        h("h3", { text: pal.text("tools.seed", { seed: String(seed.seed) }) }),
        h("p", { class: "pal-tool-note", text: `${spread(seed.mean, seed.std)} · ${pal.text("tools.mean_length", { value: value(seed.mean_length) })}` }),
        h("p", { class: "pal-tool-returns", text: seed.returns.map(value).join("  ") }),
      );
    const copy = pal.copyButton(() => JSON.stringify(result, null, 2), pal.text("tools.copy_json"));
    const content = h("div", { class: "pal-tool-episodes", tabindex: "0" }, h("p", { class: "pal-tool-note", text: pal.text("tools.returns_about") }), ...result.seeds.map(row), h("div", { class: "pal-tool-copy" }, copy, h("span", { text: pal.text("tools.copy_json") })));
    pal.dialog(pal.text("tools.episodes_of", { step: count(result.step) }), content, { className: "pal-dialog-wide" });
  }

  pal.toolPanel(1, (tools) => new Evaluate(tools));
})();
