// The charts of one run: which series belong on which chart, one colour for all, one crosshair through all.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const { value, count } = pal.format;
  const WINDOW = 100; // episodes in the mean that stands in until the run reports its own

  // Names are Stable-Baselines3's. `raw` is drawn faint, `bold` thick, `dots` as marks, `lines` side by side.
  const PLANS = [
    {
      key: "return",
      title: pal.text("chart.return"),
      raw: "episode/return",
      bold: "rollout/ep_rew_mean",
      dots: "eval/mean_return",
      empty: pal.text("chart.first_episode"),
    },
    {
      key: "length",
      title: pal.text("chart.length"),
      raw: "episode/length",
      bold: "rollout/ep_len_mean",
      fromZero: true,
      empty: pal.text("chart.first_episode"),
    },
    {
      key: "losses",
      title: pal.text("chart.losses"),
      lines: (names) => names.filter((name) => /^train\/.*loss/.test(name) && name !== "train/entropy_loss").sort(),
      empty: pal.text("chart.first_update"),
    },
    {
      key: "exploration",
      title: pal.text("chart.exploration"),
      lines: (names) =>
        ["train/entropy_loss", "rollout/exploration_rate", "train/ent_coef"].filter((name) => names.includes(name)),
      empty: pal.text("chart.first_update"),
      absent: ["td3", "ddpg"], // their noise is not reported
    },
    { key: "learning_rate", title: pal.text("chart.learning_rate"), lines: only("train/learning_rate"), fromZero: true, empty: pal.text("chart.first_update") },
    { key: "speed", title: pal.text("chart.speed"), lines: only("time/fps"), fromZero: true, empty: pal.text("chart.first_rollout") },
  ];

  const TITLES = {
    "train/entropy_loss": pal.text("chart.entropy_loss"),
    "rollout/exploration_rate": pal.text("chart.exploration_rate"),
    "train/ent_coef": pal.text("chart.entropy_coefficient"),
  };

  function only(wanted) {
    return (names) => names.filter((name) => name === wanted);
  }

  // "train/policy_gradient_loss" -> "policy gradient": the chart's title says the rest. A series that nobody has named
  // keeps the name that the library gave it.
  function label(name) {
    const own = name.replace(/^[a-z]+\//, "");
    const key = `chart.line.${own}`;
    return pal.english(key) ? pal.text(key) : own.replaceAll("_", " ").replace(/ loss$/, "");
  }

  // [{id, label, read, swatch, colour, width, …}] for one plan and the series there are.
  function linesOf(plan, data, colour) {
    const read = (name) => () => data.get(name);
    if (plan.lines) {
      const shades = pal.runs.shades(colour);
      return plan.lines(data.names).map((name, index) => {
        const shade = shades[index % shades.length];
        const dash = index < shades.length ? null : [3, 2];
        const swatch = [dash ? "2 2" : "", 2.5, shade];
        return { id: name, label: label(name), read: read(name), swatch, colour: shade, width: 1.5, dash };
      });
    }
    const lines = [];
    const pale = pal.runs.pale(colour);
    const thick = { label: pal.text("chart.mean"), swatch: ["", 2.5], colour, width: 2 };
    if (data.get(plan.raw)) {
      lines.push({ id: plan.raw, label: pal.text("chart.each"), read: read(plan.raw), swatch: ["", 1.5, pale], colour: pale, width: 1, pale: true });
      if (data.get(plan.bold)) lines.push({ ...thick, id: plan.bold, read: read(plan.bold) });
      else lines.push({ ...thick, id: `${plan.raw}~`, read: () => meanOf(data.get(plan.raw)) });
    }
    if (plan.dots && data.get(plan.dots)) {
      lines.push({ id: plan.dots, label: pal.text("chart.evaluation"), read: read(plan.dots), swatch: ["diamond"], colour, dots: true });
    }
    return lines;
  }

  // The one curve of a relative that stands for it on a chart.
  function overlaid(plan, { run, data }) {
    const name = plan.lines ? plan.lines(data.names)[0] : data.get(plan.bold) ? plan.bold : plan.raw;
    if (!name || !data.get(name)) return [];
    const read = name === plan.raw ? () => meanOf(data.get(name)) : () => data.get(name);
    return [{ id: `${run.id} ${name}`, read, colour: pal.runs.colourOf(run.id), width: 1.5 }];
  }

  // Kept with the series until it grows; every growth is a new epoch because the stand-in is drawn as a whole.
  function meanOf(series) {
    if (series.mean?.count !== series.steps.length || series.mean.of !== series.epoch) {
      const values = pal.series.trailingMean(series.values, WINDOW);
      series.mean = { steps: series.steps.slice(), values, epoch: (series.mean?.epoch ?? 0) + 1, count: values.length, of: series.epoch };
    }
    return series.mean;
  }

  class ChartSet {
    constructor(run, data, colour) {
      this.data = data;
      this.colour = colour;
      this.run = run;
      this.relatives = [];
      this.node = h("div", { class: "pal-charts" });
      this.panels = PLANS.filter((plan) => !plan.absent?.includes(run.algorithm)).map((plan) => this.panel(plan, run.id));
      this.absent = h("p", { class: "pal-charts-absent", hidden: true });
      this.node.append(...this.panels.map((panel) => panel.node), this.absent);
      this.node.addEventListener("pointermove", (event) => this.cross(event));
      this.node.addEventListener("pointerleave", () => this.setCross(null));
    }

    panel(plan, runId) {
      const title = h("span", { class: "pal-chart-title", text: plan.title });
      const legend = h("span", { class: "pal-legend" });
      const now = h("span", { class: "pal-chart-now" });
      const reset = h("button", { class: "pal-iconbutton pal-chart-reset", type: "button", hidden: true });
      reset.append(pal.icon("zoomout"));
      reset.setAttribute("aria-label", pal.text("chart.show_all_of", { title: plan.title }));
      pal.setTip(reset, pal.text("chart.show_all"));
      const empty = h("div", { class: "pal-chart-empty", text: this.run.step > 0 ? pal.text("chart.loading") : plan.empty });
      const cross = h("div", { class: "pal-cross", hidden: true }, h("span", { class: "pal-cross-step" }));
      const chart = new pal.Chart(plan.key, {
        run: runId,
        fromZero: plan.fromZero,
        onView: () => {
          this.drawCross(panel);
          panel.marks.place();
        },
        onZoom: (zoomed) => (reset.hidden = !zoomed),
      });
      reset.addEventListener("click", () => chart.resetZoom());
      const marks = new pal.ChartMarks(chart, plan === PLANS[0]);
      chart.canvas.setAttribute("role", "img");
      chart.canvas.setAttribute("aria-label", pal.text("chart.described", { title: plan.title }));
      const node = h(
        "figure",
        { class: "pal-chart", data: { chart: plan.key } },
        h("figcaption", {}, title, legend, reset, now),
        h("div", { class: "pal-plotbox" }, chart.node, empty, marks.node, cross),
      );
      const panel = { plan, node, title, legend, now, empty, cross, chart, marks, shape: "", lines: [] };
      return panel;
    }

    // An ended run shows the charts that hold something, and names the others in one line.
    end(ended) {
      const empty = ended ? this.panels.filter((panel) => panel.lines.length === 0) : [];
      for (const panel of this.panels) panel.node.hidden = empty.includes(panel);
      this.absent.hidden = empty.length === 0;
      const all = empty.length === this.panels.length;
      setText(this.absent, all ? pal.text("chart.nothing") : pal.text("chart.absent", { titles: empty.map((panel) => panel.plan.title.toLowerCase()).join(", ") }));
    }

    // What happened to the run, on every chart: [{step, text, icon}]
    mark(marks) {
      for (const panel of this.panels) panel.marks.set(marks);
    }

    // Brings every chart up to date with the series; cheap when nothing changed.
    refresh() {
      const names = this.data.names.join("|");
      if (names !== this.names) {
        this.names = names;
        for (const panel of this.panels) this.reshape(panel);
      }
      for (const panel of this.panels) {
        const over = this.relatives.flatMap((relative) => overlaid(panel.plan, relative));
        panel.chart.setLines([...over, ...panel.lines], this.forks());
        panel.empty.hidden = panel.lines.length + over.length > 0;
      }
      this.showNumbers();
    }

    // The first numbers were asked for and have come: a chart that is still empty waits for the run itself.
    loaded() {
      for (const panel of this.panels) setText(panel.empty, panel.plan.empty);
    }

    // Draws the curves of relatives under the run's own: [{run, data}].
    lay(relatives) {
      this.relatives = relatives;
      this.refresh();
    }

    // Where a run left its parent, this one and those that are laid over it.
    forks() {
      const runs = [this.run, ...this.relatives.map((relative) => relative.run)].filter((run) => pal.format.known(run.parent_step));
      return runs.map((run) => ({ step: run.parent_step, colour: run === this.run ? this.colour : pal.runs.colourOf(run.id) }));
    }

    reshape(panel) {
      const lines = linesOf(panel.plan, this.data, this.colour);
      const shape = lines.map((line) => line.id + line.colour).join("|");
      if (shape === panel.shape) return;
      panel.shape = shape;
      panel.lines = lines;
      if (panel.plan.key === "exploration" && lines.length) setText(panel.title, TITLES[lines[0].id]);
      panel.legend.replaceChildren(...(lines.length > 1 ? lines.map((line) => this.legendEntry(panel, line)) : []));
    }

    legendEntry(panel, line) {
      const button = h("button", { class: "pal-legend-entry", type: "button", "aria-pressed": "true" });
      button.append(pal.swatch(...line.swatch), line.label);
      pal.setTip(button, pal.text("chart.toggle"));
      button.addEventListener("click", () => {
        const shown = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(shown));
        panel.chart.show(line.id, shown);
      });
      return button;
    }

    // ---- one crosshair through all charts -------------------------------------------------------------------

    cross(event) {
      const panel = this.panels.find((one) => one.chart.node.contains(event.target) || one.node.contains(event.target));
      const step = panel && event.pointerType !== "touch" ? panel.chart.stepAt(event.clientX) : null;
      if (step === this.step) return;
      this.hovered = panel;
      this.setCross(step);
    }

    setCross(step) {
      this.step = step;
      if (this.crossing) return;
      this.crossing = requestAnimationFrame(() => {
        this.crossing = 0;
        for (const panel of this.panels) this.drawCross(panel);
        this.showNumbers();
      });
    }

    drawCross(panel) {
      const x = this.step === null || this.step === undefined ? null : panel.chart.pixelOf(this.step);
      panel.cross.hidden = x === null || panel.lines.length === 0;
      if (x === null) return;
      panel.cross.style.transform = `translateX(${Math.round(x)}px)`;
      setText(panel.cross.firstChild, panel === this.hovered ? count(Math.round(this.step)) : "");
    }

    // The newest value of each chart's first thick line, or the one under the crosshair.
    showNumbers() {
      for (const panel of this.panels) {
        const main = panel.lines.find((line) => !line.pale) || panel.lines[0];
        const series = main?.read();
        if (!series || series.steps.length === 0) continue;
        const under = this.step === null || this.step === undefined ? null : pal.series.nearest(series.steps, this.step);
        setText(panel.now, value(series.values[under === null ? series.values.length - 1 : under]));
        panel.now.classList.toggle("pal-crossed", under !== null);
      }
    }

    recolour(colour) {
      this.colour = colour;
      this.names = null;
      this.refresh();
    }

    // Every series of the run as numbers: the same facts for those who cannot see the lines.
    table() {
      const head = [pal.text("chart.series"), pal.text("chart.last"), pal.text("chart.smallest"), pal.text("chart.largest"), pal.text("chart.at_step")];
      const rows = this.data.names.sort().map((name) => {
        const facts = this.data.summary(name);
        const cells = [value(facts.last), value(facts.low), value(facts.high), count(facts.step)];
        return h("tr", {}, h("th", { scope: "row", text: name }), ...cells.map((cell) => h("td", { text: cell })));
      });
      return h(
        "div",
        { class: "pal-tablebox", tabindex: "0" },
        h(
          "table",
          { class: "pal-table" },
          h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col", text })))),
          h("tbody", {}, ...rows),
        ),
      );
    }

    destroy() {
      cancelAnimationFrame(this.crossing);
      for (const panel of this.panels) panel.chart.destroy();
    }
  }

  pal.ChartSet = ChartSet;
})();
