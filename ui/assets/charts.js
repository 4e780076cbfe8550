// One chart in the page: a canvas that lives as long as its card, drawn anew when numbers came, zoomed with the mouse.
//
// Always holds: new numbers never move a zoom; charts are drawn one after the other in short turns between frames,
// and never while they are off the screen; what each drawing cost is kept in palaestra.stats.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;
  const { MARGIN } = pal.plot;
  const TURN = 12; // ms of drawing between two frames
  const DRAG = 6; // pixels before a press becomes a zoom
  const BAND = 16; // pixels; a zoom thinner than this takes the whole of that axis

  const all = new Set();
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
      if (cost !== null) round = { ms: round.ms + cost, charts: round.charts + 1 };
      if (performance.now() - began > TURN) break;
    }
    if (waiting.size > 0) {
      turn = requestAnimationFrame(takeTurn);
      return;
    }
    if (round.charts > 0) pal.stats.update(round.ms, round.charts);
    round = { ms: 0, charts: 0 };
  }

  // Colours of the axes; asked of the browser once for each theme.
  let looks = null;

  function axisLooks() {
    const style = getComputedStyle(document.body);
    looks ||= {
      line: style.getPropertyValue("--pal-line").trim(),
      text: style.getPropertyValue("--pal-muted").trim(),
      font: `11px ${style.getPropertyValue("--pal-font").trim()}`,
    };
    return looks;
  }

  pal.onTheme(() => {
    looks = null;
    redrawAll();
  });
  document.fonts?.ready.then(redrawAll);

  function redrawAll() {
    for (const chart of all) {
      chart.stale = true;
      schedule(chart);
    }
  }

  class Chart {
    // onView(chart) is called after every drawing, onZoom(zoomed) when a zoom begins or ends.
    constructor(key, { run = "", fromZero = false, onView = null, onZoom = null } = {}) {
      Object.assign(this, { key, run, fromZero, onView, onZoom });
      this.canvas = h("canvas");
      this.box = h("div", { class: "pal-zoombox", hidden: true });
      this.node = h("div", { class: "pal-plot", data: { plot: key } }, this.canvas, this.box);
      this.lines = []; // [{id, read, colour, width, dash, dots, hidden}]
      this.forks = [];
      this.space = [0, 0];
      this.zoom = null; // {x: [from, to] or null, y: likewise}
      this.view = { x: [0, 1], y: [0, 1] };
      this.points = 0;
      this.stale = true;
      this.unwatch = pal.watchVisible(this.node, (visible) => {
        this.onScreen = visible;
        if (visible) schedule(this);
      }, "40px");
      // The observer brings the size, so that drawing never has to ask the browser for a layout.
      this.sizes = new ResizeObserver(([entry]) => {
        this.space = [Math.round(entry.contentRect.width), Math.round(entry.contentRect.height)];
        schedule(this);
      });
      this.sizes.observe(this.node);
      this.listen();
      all.add(this);
    }

    // lines: in drawing order; read() returns {steps, values, epoch} or undefined.
    // forks: [{step, colour}], marked on the axis.
    setLines(lines, forks = []) {
      for (const line of lines) line.hidden ??= this.lines.find((one) => one.id === line.id)?.hidden;
      this.lines = lines;
      this.forks = forks;
      schedule(this);
    }

    show(id, visible) {
      const line = this.lines.find((one) => one.id === id);
      if (line) line.hidden = !visible;
      schedule(this);
    }

    // What decides how the chart looks; the same text twice means that no drawing is needed.
    mark() {
      const seen = this.lines.map((line) => {
        const now = line.hidden ? null : line.read();
        return now ? `${line.id}:${now.epoch}:${now.steps.length}:${line.colour}` : "";
      });
      const { x, y } = this.zoom || {};
      const forks = this.forks.map(({ step, colour }) => `${step}${colour}`);
      return `${seen.join()} ${forks} ${this.space} ${devicePixelRatio} ${x} ${y}`;
    }

    // Draws if anything changed; milliseconds spent, or null when there was nothing to do or nobody to see it.
    paint() {
      if (!this.onScreen || !this.node.isConnected || this.space[0] < 80 || this.lines.length === 0) return null;
      const mark = this.mark();
      if (mark === this.drawn && !this.stale) return null;
      const began = performance.now();
      this.drawn = mark;
      this.stale = false;
      const shown = this.lines.filter((line) => !line.hidden && line.read()).map((line) => ({ ...line, ...line.read() }));
      const x = this.zoom?.x || pal.plot.stepRange(shown);
      this.view = { x, y: this.zoom?.y || pal.plot.valueRange(shown, x, this.fromZero) };
      this.points = shown.reduce((sum, line) => sum + line.steps.length, 0);
      pal.plot.draw(this.context(), ...this.space, this.view, shown, axisLooks(), this.forks);
      const ms = performance.now() - began;
      pal.stats.draw(ms, this.run, this.key, this.points);
      if (this.onView) this.onView(this);
      return ms;
    }

    // A canvas has as many dots as the screen, not as the page has pixels.
    context() {
      const [width, height] = this.space.map((side) => Math.round(side * devicePixelRatio));
      if (this.canvas.width !== width || this.canvas.height !== height) {
        this.canvas.width = width;
        this.canvas.height = height;
        this.canvas.style.width = `${this.space[0]}px`;
        this.canvas.style.height = `${this.space[1]}px`;
      }
      const context = this.canvas.getContext("2d");
      context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
      return context;
    }

    get place() {
      return pal.plot.projection(...this.space, this.view);
    }

    // ---- zoom -----------------------------------------------------------------------------------------------

    get zoomed() {
      return this.zoom !== null;
    }

    // zoomTo({x: [0, 1000]}): an axis that is left out shows all there is.
    zoomTo({ x = null, y = null }) {
      this.setZoom(x || y ? { x, y } : null);
    }

    resetZoom() {
      this.setZoom(null);
    }

    setZoom(zoom) {
      const before = this.zoomed;
      this.zoom = zoom;
      schedule(this);
      if (before !== this.zoomed && this.onZoom) this.onZoom(this.zoomed);
    }

    listen() {
      const spot = (event) => {
        const edge = this.node.getBoundingClientRect();
        const [width, height] = this.space;
        return [
          Math.min(width - MARGIN.right, Math.max(MARGIN.left, event.clientX - edge.left)),
          Math.min(height - MARGIN.bottom, Math.max(MARGIN.top, event.clientY - edge.top)),
        ];
      };
      this.node.addEventListener("pointerdown", (event) => {
        // A finger scrolls the page; only a mouse or a pen draws a zoom.
        if (event.button !== 0 || event.pointerType === "touch" || this.points === 0) return;
        event.preventDefault();
        this.node.setPointerCapture(event.pointerId);
        this.pressed = spot(event);
      });
      this.node.addEventListener("pointermove", (event) => this.pressed && this.stretch(spot(event)));
      this.node.addEventListener("pointerup", (event) => this.pressed && this.release(spot(event)));
      this.node.addEventListener("pointercancel", () => this.letGo());
      this.node.addEventListener("dblclick", () => this.resetZoom());
    }

    // The part of the plot between the press and here: {left, right, top, bottom} in pixels.
    selection([x, y]) {
      const [fromX, fromY] = this.pressed;
      const [width, height] = this.space;
      const tall = Math.abs(y - fromY) >= BAND;
      const wide = Math.abs(x - fromX) >= BAND;
      if (Math.abs(x - fromX) < DRAG && Math.abs(y - fromY) < DRAG) return null;
      return {
        wide: wide || !tall,
        tall,
        left: wide || !tall ? Math.min(x, fromX) : MARGIN.left,
        right: wide || !tall ? Math.max(x, fromX) : width - MARGIN.right,
        top: tall ? Math.min(y, fromY) : MARGIN.top,
        bottom: tall ? Math.max(y, fromY) : height - MARGIN.bottom,
      };
    }

    stretch(spot) {
      const part = this.selection(spot);
      this.box.hidden = part === null;
      if (!part) return;
      this.box.style.transform = `translate(${part.left}px, ${part.top}px)`;
      this.box.style.width = `${part.right - part.left}px`;
      this.box.style.height = `${part.bottom - part.top}px`;
    }

    release(spot) {
      const part = this.selection(spot);
      this.letGo();
      if (!part) return;
      const place = this.place;
      this.zoomTo({
        x: part.wide ? [place.stepAt(part.left), place.stepAt(part.right)] : this.zoom?.x,
        y: part.tall ? [place.valueAt(part.bottom), place.valueAt(part.top)] : null,
      });
    }

    letGo() {
      this.pressed = null;
      this.box.hidden = true;
    }

    // ---- for the crosshair ----------------------------------------------------------------------------------

    // The step under a point of the screen, or null beside the plot.
    stepAt(clientX) {
      const pixel = clientX - this.node.getBoundingClientRect().left;
      const inside = pixel >= MARGIN.left && pixel <= this.space[0] - MARGIN.right;
      return inside && this.points > 0 ? this.place.stepAt(pixel) : null;
    }

    // Pixels from the left edge of the element, or null where `step` is not on the axis.
    pixelOf(step) {
      const [from, to] = this.view.x;
      return step < from || step > to || this.points === 0 ? null : this.place.toX(step);
    }

    destroy() {
      all.delete(this);
      waiting.delete(this);
      this.unwatch();
      this.sizes.disconnect();
      this.node.remove();
    }
  }

  // charts.find("run id", "return"): the chart of an open card, with its view, zoom and number of points.
  function find(run, key) {
    return [...all].find((chart) => chart.run === run && chart.key === key) || null;
  }

  Object.assign(pal, { Chart, charts: { all, find } });
})();
