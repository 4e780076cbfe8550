// The drawing of one chart on a canvas: ranges, ticks, lines. It knows nothing of runs, of time or of the page.
//
// A canvas, because it is drawn anew twice a second for every chart on the screen, on a machine that trains: four
// charts of four series cost a few milliseconds here, and ten to twenty times that as a tree of SVG elements.
"use strict";

(() => {
  const MARGIN = { left: 44, right: 8, top: 8, bottom: 24 };
  const SI = [[1e9, "G"], [1e6, "M"], [1e4, "k"]]; // up to four digits are exact: "4,000"

  // About `wanted` round numbers from `from` to `to`: {values, step}. A step is 1, 2 or 5 times a power of ten.
  function ticks(from, to, wanted) {
    const raw = (to - from) / Math.max(1, wanted);
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw * 0.999) || power;
    const values = [];
    for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i += 1) values.push(i * step);
    return { values, step };
  }

  // The text of a tick: "250k", "0.05", "3e−4"; `largest` decides the unit for the whole axis.
  function tickLabel(value, step, largest) {
    if (value === 0) return "0";
    if (largest < 0.001) {
      const power = Math.floor(Math.log10(Math.abs(value)) + 1e-9);
      return tidy(`${Number((value / 10 ** power).toFixed(2))}e${power}`);
    }
    const [size, unit] = SI.find(([limit]) => largest >= limit) || [1, ""];
    const scale = unit === "k" ? 1000 : size;
    const digits = Math.max(0, -Math.floor(Math.log10(step / scale) + 1e-9));
    return `${window.palaestra.format.rounded(value / scale, digits)}${unit}`;
  }

  function tidy(text) {
    return window.palaestra.format.local(text).replaceAll("-", "−");
  }

  // First index whose step is at least `step`.
  function indexOf(steps, step) {
    let low = 0;
    let high = steps.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (steps[middle] < step) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // Indices [first, end) of the points from `from` to `to`, one more on each side so that lines reach the edge.
  function within(steps, [from, to]) {
    return [Math.max(0, indexOf(steps, from) - 1), Math.min(steps.length, indexOf(steps, to) + 1)];
  }

  // The steps from zero to the newest point.
  function stepRange(lines) {
    let last = 0;
    for (const { steps } of lines) if (steps.length) last = Math.max(last, steps[steps.length - 1]);
    return [0, last > 0 ? last : 1];
  }

  // The values of all lines between two steps, with some air; from zero where zero belongs to the picture.
  function valueRange(lines, steps, fromZero) {
    let low = Infinity;
    let high = -Infinity;
    for (const line of lines) {
      const [first, end] = within(line.steps, steps);
      for (let i = first; i < end; i += 1) {
        const value = line.values[i];
        if (value === null) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    if (low > high) return [0, 1];
    if (fromZero) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
    if (low === high) return [low - Math.abs(low || 1) * 0.1, high + Math.abs(high || 1) * 0.1];
    const air = (high - low) * 0.06;
    return [fromZero && low === 0 ? 0 : low - air, fromZero && high === 0 ? 0 : high + air];
  }

  // Where a step and a value lie on a canvas of `width` and `height`.
  function projection(width, height, { x, y }) {
    const wide = width - MARGIN.left - MARGIN.right;
    const tall = height - MARGIN.top - MARGIN.bottom;
    return {
      wide,
      tall,
      toX: (step) => MARGIN.left + ((step - x[0]) / (x[1] - x[0])) * wide,
      toY: (value) => MARGIN.top + (1 - (value - y[0]) / (y[1] - y[0])) * tall,
      stepAt: (pixel) => x[0] + ((pixel - MARGIN.left) / wide) * (x[1] - x[0]),
      valueAt: (pixel) => y[0] + (1 - (pixel - MARGIN.top) / tall) * (y[1] - y[0]),
    };
  }

  // lines: [{steps, values, colour, width, dash, dots}]; looks: {line, text, font}, the colours of the axes.
  // forks: [{step, colour}], where runs left their parents.
  function draw(context, width, height, view, lines, looks, forks = []) {
    const place = projection(width, height, view);
    context.clearRect(0, 0, width, height);
    drawAxes(context, width, height, view, place, looks);
    for (const fork of forks) drawFork(context, height, view, place, fork);
    const isDots = (line) => line.dots || line.steps.length === 1; // a single point is no line yet
    context.save();
    context.beginPath();
    context.rect(MARGIN.left, MARGIN.top - 1, place.wide, place.tall + 2); // a line along an edge keeps its width
    context.clip();
    for (const line of lines) if (!isDots(line)) drawLine(context, view, place, line);
    context.restore();
    for (const line of lines) if (isDots(line)) drawDots(context, view, place, line);
  }

  function drawAxes(context, width, height, { x, y }, place, looks) {
    const floor = height - MARGIN.bottom;
    const across = ticks(x[0], x[1], Math.min(6, Math.max(2, place.wide / 80)));
    const up = ticks(y[0], y[1], Math.min(5, Math.max(2, place.tall / 28)));
    context.strokeStyle = looks.line;
    context.lineWidth = 1;
    context.setLineDash([]);
    context.beginPath();
    for (const value of up.values) {
      const at = Math.round(place.toY(value)) + 0.5;
      context.moveTo(MARGIN.left, at);
      context.lineTo(width - MARGIN.right, at);
    }
    context.moveTo(MARGIN.left, floor + 0.5);
    context.lineTo(width - MARGIN.right, floor + 0.5);
    context.stroke();

    context.fillStyle = looks.text;
    context.font = looks.font;
    context.textBaseline = "middle";
    context.textAlign = "right";
    const tallest = Math.max(Math.abs(y[0]), Math.abs(y[1]));
    for (const value of up.values) {
      context.fillText(tickLabel(value, up.step, tallest), MARGIN.left - 6, place.toY(value));
    }
    context.textBaseline = "top";
    for (const step of across.values) {
      const at = place.toX(step);
      context.textAlign = at > width - MARGIN.right - 16 ? "right" : "center";
      context.fillText(tickLabel(step, across.step, x[1]), Math.min(at, width - 2), floor + 7);
    }
  }

  // A thin line through the chart, and a small flag at its foot.
  function drawFork(context, height, { x }, { toX }, { step, colour }) {
    if (step < x[0] || step > x[1]) return;
    const [at, floor] = [Math.round(toX(step)) + 0.5, height - MARGIN.bottom];
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 1;
    context.setLineDash([2, 3]);
    context.beginPath();
    context.moveTo(at, MARGIN.top);
    context.lineTo(at, floor);
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    context.moveTo(at - 4, floor + 6);
    context.lineTo(at, floor);
    context.lineTo(at + 4, floor + 6);
    context.fill();
  }

  // Of many points in one column of pixels only the lowest and the highest are drawn: the same picture, less work.
  function drawLine(context, { x }, { toX, toY }, line) {
    const { steps, values } = line;
    const [first, end] = within(steps, x);
    const column = { at: null, low: 0, high: 0, before: 0 };
    const flush = () => {
      if (column.at === null) return;
      const downwards = Math.abs(column.before - column.high) < Math.abs(column.before - column.low);
      const [near, far] = downwards ? [column.high, column.low] : [column.low, column.high];
      context.lineTo(column.at, near);
      if (far !== near) context.lineTo(column.at, far);
      column.before = far;
    };
    context.strokeStyle = line.colour;
    context.lineWidth = line.width;
    context.lineJoin = "bevel";
    context.setLineDash(line.dash || []);
    context.beginPath();
    for (let i = first; i < end; i += 1) {
      if (values[i] === null) {
        flush();
        column.at = null;
        continue;
      }
      const at = Math.round(toX(steps[i]) * 2) / 2;
      const up = toY(values[i]);
      if (at === column.at) {
        column.low = Math.min(column.low, up);
        column.high = Math.max(column.high, up);
        continue;
      }
      if (column.at === null) context.moveTo(at, up);
      flush();
      column.before = column.at === null ? up : column.before;
      [column.at, column.low, column.high] = [at, up, up];
    }
    flush();
    context.stroke();
  }

  // Marks are whole or absent: the newest stands on the right edge, and half of it would be cut off.
  function drawDots(context, { x, y }, { toX, toY }, line) {
    const [first, end] = within(line.steps, x);
    const outside = (value, [from, to]) => value < from || value > to;
    context.strokeStyle = line.colour;
    context.lineWidth = 2;
    context.setLineDash([]);
    context.beginPath();
    for (let i = first; i < end; i += 1) {
      if (line.values[i] === null || outside(line.steps[i], x) || outside(line.values[i], y)) continue;
      const [at, up] = [toX(line.steps[i]), toY(line.values[i])];
      context.moveTo(at - 4, up);
      context.lineTo(at, up - 4);
      context.lineTo(at + 4, up);
      context.lineTo(at, up + 4);
      context.closePath();
    }
    context.stroke();
  }

  window.palaestra.plot = { MARGIN, ticks, tickLabel, stepRange, valueRange, projection, draw };
})();
