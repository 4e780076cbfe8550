// One chart: a Plotly object that lives as long as its card and is only ever added to, so that a zoom survives.
//
// Always holds: Plotly is loaded at the first chart and never before; charts are drawn one after the other in short
// turns between frames, and not at all while no pixel would change; what each drawing cost is kept in palaestra.stats.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;
  const MARGIN = { l: 44, r: 8, t: 8, b: 24 };
  const TURN = 14; // ms of drawing between two frames
  const PATIENCE = 2000; // ms that points narrower than half a pixel may wait

  let loading = null;

  function loadPlotly() {
    loading ||= new Promise((done, failed) => {
      window.PlotlyConfig = { MathJaxConfig: "local" };
      const address = document.querySelector('meta[name="palaestra-charts"]').content;
      const script = h("script", { src: pal.api.url(address), async: true });
      script.addEventListener("load", () => done(window.Plotly));
      script.addEventListener("error", () => {
        loading = null; // the next chart tries again
        failed(new Error("The chart library could not be loaded"));
      });
      document.head.append(script);
    });
    return loading;
  }

  // ---- what drawing costs -----------------------------------------------------------------------------------

  const KEPT = 400;

  function keep(list, item) {
    list.push(item);
    if (list.length > KEPT) list.splice(0, list.length - KEPT);
  }

  function quantile(values, q) {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] : null;
  }

  const stats = {
    draws: [], // {at, ms, chart, run, how: "append"|"replace", points}: one drawing of one chart
    updates: [], // {at, ms, charts, interval}: all drawings that one arrival of numbers caused
    polls: [], // {at, ms, online}: answers of /api/state
    poll(ms, online) {
      keep(stats.polls, { at: performance.now(), ms, online });
    },
    summary() {
      const costs = stats.updates.map((update) => update.ms);
      const gaps = stats.updates.map((update) => update.interval).filter((gap) => gap !== null);
      return {
        updates: costs.length,
        update_ms_p50: quantile(costs, 0.5),
        update_ms_p95: quantile(costs, 0.95),
        update_ms_max: quantile(costs, 1),
        interval_ms_p50: quantile(gaps, 0.5),
        interval_ms_p95: quantile(gaps, 0.95),
        draw_ms_p50: quantile(stats.draws.map((draw) => draw.ms), 0.5),
        poll_ms_p95: quantile(stats.polls.map((poll) => poll.ms), 0.95),
      };
    },
    reset() {
      stats.draws.length = stats.updates.length = stats.polls.length = 0;
    },
  };

  // ---- taking turns -----------------------------------------------------------------------------------------

  const waiting = new Set();
  let turn = 0;
  let round = { ms: 0, charts: 0 };

  function schedule(chart) {
    waiting.add(chart);
    turn ||= requestAnimationFrame(takeTurn);
  }

  function takeTurn() {
    const began = performance.now();
    turn = 0;
    for (const chart of waiting) {
      waiting.delete(chart);
      const cost = chart.paint();
      if (cost !== null) {
        round.ms += cost;
        round.charts += 1;
      }
      if (performance.now() - began > TURN) break;
    }
    if (waiting.size > 0) turn = requestAnimationFrame(takeTurn);
    else endRound();
  }

  function endRound() {
    if (round.charts > 0) {
      const at = performance.now();
      const before = stats.updates[stats.updates.length - 1];
      keep(stats.updates, { at, ms: round.ms, charts: round.charts, interval: before ? at - before.at : null });
    }
    round = { ms: 0, charts: 0 };
  }

  // ---- looks ------------------------------------------------------------------------------------------------

  function token(name) {
    return getComputedStyle(document.body).getPropertyValue(name).trim();
  }

  const TICKS = [
    { dtickrange: [null, 1e-5], value: "~e" },
    { dtickrange: [1e-5, 1000], value: "~g" },
    { dtickrange: [1000, null], value: "~s" },
  ];

  function axes(floor) {
    const line = token("--pal-line");
    const common = {
      tickformatstops: TICKS,
      nticks: 5,
      zeroline: false,
      ticks: "",
      automargin: false,
      ticklabeloverflow: "allow", // measuring each label costs a fifth of a drawing
      fixedrange: coarse(),
    };
    return {
      xaxis: { ...common, showgrid: false, showline: true, linecolor: line, rangemode: "tozero" },
      yaxis: { ...common, gridcolor: line, gridwidth: 1, rangemode: floor },
      font: { family: token("--pal-font"), size: 11, color: token("--pal-muted") },
    };
  }

  // A finger scrolls the page; only a mouse or a pen draws a zoom.
  function coarse() {
    return matchMedia("(pointer: coarse)").matches;
  }

  function layout(width, height, floor) {
    return {
      width,
      height,
      margin: MARGIN,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      showlegend: false,
      hovermode: false,
      dragmode: coarse() ? false : "zoom",
      uirevision: "keep",
      ...axes(floor),
    };
  }

  const CONFIG = { displayModeBar: false, doubleClick: "autosize", responsive: false, showTips: false };

  class Chart {
    // floor: "tozero" where zero belongs to the picture, as for a speed, else "normal".
    constructor(key, { run = "", floor = "normal", onZoom = null } = {}) {
      this.key = key;
      this.run = run;
      this.floor = floor;
      this.onZoom = onZoom;
      this.node = h("div", { class: "pal-plot", data: { plot: key } });
      this.traces = []; // what is shown: {source, style, epoch, drawn}
      this.drawn = false;
      this.onScreen = false;
      this.zoomed = false;
      this.unwatch = pal.watchVisible(this.node, (visible) => {
        this.onScreen = visible;
        if (visible) schedule(this);
      }, "40px");
      // The observer brings the size, so that drawing never has to ask the browser for a layout.
      this.space = [0, 0];
      this.sizes = new ResizeObserver(([entry]) => {
        this.space = [Math.round(entry.contentRect.width), Math.round(entry.contentRect.height)];
        schedule(this);
      });
      this.sizes.observe(this.node);
    }

    // traces: [{id, style, read: () => {steps, values, epoch} | undefined, hidden?}]; ids decide what is new.
    setTraces(traces) {
      const same = traces.length === this.traces.length && traces.every((t, i) => t.id === this.traces[i].id);
      if (!same) {
        this.traces = traces.map((trace) => ({ ...trace, epoch: -1, count: 0 }));
        this.restart = true;
      }
      schedule(this);
    }

    // Draws what is new; milliseconds spent, or null when there was nothing to do or nobody to see it.
    paint() {
      if (!this.onScreen || this.traces.length === 0 || !this.node.isConnected) return null;
      if (!window.Plotly) {
        loadPlotly().then(() => schedule(this), (error) => pal.fail(error));
        return null;
      }
      const began = performance.now();
      const how = this.drawn && !this.restart ? this.update() : this.create();
      if (how === null) return null;
      this.drawnAt = performance.now();
      const ms = this.drawnAt - began;
      const points = this.traces.reduce((sum, trace) => sum + trace.count, 0);
      keep(stats.draws, { at: this.drawnAt, ms, chart: this.key, run: this.run, how, points });
      return ms;
    }

    create() {
      if (this.space[0] < 80) return null;
      this.size = this.space;
      const data = this.traces.map((trace) => this.full(trace));
      window.Plotly.react(this.node, data, layout(...this.size, this.floor), CONFIG);
      if (!this.drawn) this.node.on("plotly_relayout", (change) => this.relayed(change));
      this.drawn = true;
      this.restart = false;
      return "replace";
    }

    full(trace) {
      const { steps, values, epoch } = trace.read() || { steps: [], values: [], epoch: 0 };
      trace.epoch = epoch;
      trace.count = steps.length;
      return { type: "scatter", hoverinfo: "skip", x: [...steps], y: [...values], visible: !trace.hidden, ...trace.style };
    }

    update() {
      const resized = this.resize();
      if (!resized && this.invisible()) return null;
      const appended = { x: [], y: [], at: [] };
      const replaced = { x: [], y: [], at: [] };
      this.traces.forEach((trace, index) => {
        const now = trace.read();
        if (!now || (now.epoch === trace.epoch && now.steps.length === trace.count)) return;
        const from = now.epoch === trace.epoch ? trace.count : 0;
        const part = from > 0 ? appended : replaced;
        part.x.push(now.steps.slice(from));
        part.y.push(now.values.slice(from));
        part.at.push(index);
        trace.epoch = now.epoch;
        trace.count = now.steps.length;
      });
      if (replaced.at.length) window.Plotly.restyle(this.node, { x: replaced.x, y: replaced.y }, replaced.at);
      if (appended.at.length) window.Plotly.extendTraces(this.node, { x: appended.x, y: appended.y }, appended.at);
      if (replaced.at.length) return "replace";
      return appended.at.length || resized ? "append" : null;
    }

    // True while all that is new is less than half a pixel wide, or lies beyond a zoom; a later turn draws it.
    invisible() {
      const [from, to] = this.node.layout.xaxis.range;
      const pixels = (this.size[0] - MARGIN.l - MARGIN.r) / (to - from);
      const unseen = this.traces.every((trace) => {
        const now = trace.read();
        if (!now || (now.epoch === trace.epoch && now.steps.length === trace.count)) return true;
        if (now.epoch !== trace.epoch || trace.count === 0) return false;
        const drawn = now.steps[trace.count - 1];
        return drawn > to || (now.steps[now.steps.length - 1] - drawn) * pixels < 0.5;
      });
      clearTimeout(this.later);
      if (!unseen || performance.now() - this.drawnAt > PATIENCE) return false;
      this.later = setTimeout(() => schedule(this), PATIENCE);
      return true;
    }

    resize() {
      const [width, height] = this.space;
      if (width < 80 || (width === this.size[0] && height === this.size[1])) return false;
      this.size = this.space;
      window.Plotly.relayout(this.node, { width, height });
      return true;
    }

    show(id, visible) {
      const index = this.traces.findIndex((trace) => trace.id === id);
      if (index < 0) return;
      this.traces[index].hidden = !visible;
      if (this.drawn) window.Plotly.restyle(this.node, { visible }, [index]);
    }

    relayed(change) {
      const names = Object.keys(change);
      if (names.some((name) => name.includes("range[") || name.endsWith(".range"))) this.setZoomed(true);
      if (names.some((name) => name.endsWith("autorange"))) this.setZoomed(false);
    }

    setZoomed(zoomed) {
      if (this.zoomed === zoomed) return;
      this.zoomed = zoomed;
      if (this.onZoom) this.onZoom(zoomed);
    }

    resetZoom() {
      if (this.drawn) window.Plotly.relayout(this.node, { "xaxis.autorange": true, "yaxis.autorange": true });
    }

    // The step under a point of the screen, or null beside the plot.
    stepAt(clientX) {
      if (!this.drawn || !this.size) return null;
      const inner = this.size[0] - MARGIN.l - MARGIN.r;
      const part = (clientX - this.node.getBoundingClientRect().left - MARGIN.l) / inner;
      const [from, to] = this.node.layout.xaxis.range || [0, 0];
      return part < 0 || part > 1 || !(to > from) ? null : from + part * (to - from);
    }

    // Pixels from the left edge of the element, or null where `step` is not on the axis.
    pixelOf(step) {
      if (!this.drawn || !this.size) return null;
      const [from, to] = this.node.layout.xaxis.range || [0, 0];
      const part = (step - from) / (to - from);
      return part < 0 || part > 1 ? null : MARGIN.l + part * (this.size[0] - MARGIN.l - MARGIN.r);
    }

    // New colours: of the theme for the axes, of the caller for the lines.
    recolour(styles) {
      this.traces.forEach((trace, index) => (trace.style = styles[index] || trace.style));
      this.restart = true;
      schedule(this);
    }

    destroy() {
      waiting.delete(this);
      clearTimeout(this.later);
      this.unwatch();
      this.sizes.disconnect();
      if (this.drawn) window.Plotly.purge(this.node);
      this.drawn = false;
      this.node.remove();
    }
  }

  Object.assign(pal, { Chart, stats, charts: { load: loadPlotly, MARGIN } });
})();
