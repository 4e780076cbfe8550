// The numbers of one run, by cursor: a first request brings a thinned history, what is new comes with the state.
//
// Always holds: steps of a series never fall; `epoch` changes whenever points other than the newest changed, so a
// chart knows whether it may append; no series keeps more than LIMIT points.
"use strict";

(() => {
  const pal = window.palaestra;
  const FIRST_POINTS = 600; // a chart is about 400 pixels wide; twice that shows every dip and peak
  const LIMIT = 1200;
  const REPLAY_PAUSE = 5000; // ms between two full reads while a resumed run replays old steps

  class RunSeries {
    constructor(runId) {
      this.runId = runId;
      this.cursor = 0;
      this.byName = new Map(); // name -> {steps, values, epoch}
      this.busy = false;
      this.stale = false; // true while old steps were written again and not yet read again
      this.rereadAt = 0;
    }

    get(name) {
      return this.byName.get(name);
    }

    get names() {
      return [...this.byName.keys()];
    }

    // Fetches what changed since the last time; resolves to whether anything did. Errors travel to the caller.
    async refresh() {
      this.busy = true;
      try {
        const page = await pal.api.metrics(this.runId, { since: this.cursor, max_points: FIRST_POINTS });
        return this.take(page);
      } finally {
        this.busy = false;
      }
    }

    // Adds what changed since `cursor`; true if anything did.
    take(page) {
      const names = Object.keys(page.series);
      for (const name of names) if (!this.add(name, page.series[name])) this.stale = true;
      this.cursor = page.cursor;
      return names.length > 0;
    }

    // Points that were read may be gone: the run went back to a checkpoint.
    doubt() {
      this.stale = true;
      this.rereadAt = 0;
    }

    get wantsReread() {
      return this.stale && !this.busy && Date.now() - this.rereadAt >= REPLAY_PAUSE;
    }

    // A resumed run goes through old steps again: which points were replaced only the server knows.
    async reread() {
      this.rereadAt = Date.now();
      this.busy = true;
      const page = await pal.api.metrics(this.runId, { since: 0, max_points: FIRST_POINTS }).finally(() => (this.busy = false));
      for (const [name, series] of this.byName) if (!page.series[name]) Object.assign(series, { steps: [], values: [], epoch: series.epoch + 1, number: 0 });
      for (const [name, { steps, values, numbers }] of Object.entries(page.series)) {
        const epoch = (this.byName.get(name)?.epoch ?? 0) + 1;
        this.byName.set(name, { steps: [...steps], values: [...values], epoch, number: numbers?.at(-1) ?? 0 });
      }
      this.cursor = page.cursor;
      this.stale = false;
    }

    // Appends points; false if they begin before the end of what is there, which only a full read can put right.
    // Episodes carry numbers and may share a step; everything else has one point a step.
    add(name, { steps, values, numbers }) {
      let series = this.byName.get(name);
      if (!series) this.byName.set(name, (series = { steps: [], values: [], epoch: 0, number: 0 }));
      const last = series.steps.length ? series.steps[series.steps.length - 1] : -Infinity;
      if (steps.length && (steps[0] < last || (numbers && numbers[0] <= series.number))) return false;
      if (numbers?.length) series.number = numbers[numbers.length - 1];
      const sameStep = steps.length && steps[0] === last && !numbers;
      if (sameStep) {
        // The newest point was written again.
        series.values[series.values.length - 1] = values[0];
        series.epoch += 1;
      }
      for (let i = sameStep ? 1 : 0; i < steps.length; i += 1) {
        series.steps.push(steps[i]);
        series.values.push(values[i]);
      }
      if (series.steps.length > LIMIT) thin(series, LIMIT / 2);
      return true;
    }

    // [smallest, largest, last] of a series, for the table of values.
    summary(name) {
      const { steps, values } = this.byName.get(name);
      let low = Infinity;
      let high = -Infinity;
      for (const value of values) {
        if (value === null) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
      return { step: steps[steps.length - 1], last: values[values.length - 1], low, high, points: steps.length };
    }
  }

  // Keeps the smallest and the largest point of each stretch of steps and the last point of all. Stretches are equally
  // long, so that what came in while the page was open is not drawn denser than the history before it.
  function thin(series, target) {
    const { steps, values } = series;
    const end = steps.length - 1;
    const stretch = (steps[end] - steps[0]) / Math.floor(target / 2) || 1;
    const keep = [];
    for (let from = 0; from < end; ) {
      const bucket = Math.floor((steps[from] - steps[0]) / stretch);
      let low = from;
      let high = from;
      let i = from + 1;
      for (; i < end && Math.floor((steps[i] - steps[0]) / stretch) === bucket; i += 1) {
        if (values[i] < values[low]) low = i;
        if (values[i] > values[high]) high = i;
      }
      keep.push(Math.min(low, high));
      if (low !== high) keep.push(Math.max(low, high));
      from = i;
    }
    keep.push(end);
    series.steps = keep.map((i) => steps[i]);
    series.values = keep.map((i) => values[i]);
    series.epoch += 1;
  }

  // Index of the point nearest to `step`; steps rise. -1 without points.
  function nearest(steps, step) {
    if (steps.length === 0) return -1;
    let low = 0;
    let high = steps.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (steps[middle] <= step) low = middle;
      else high = middle;
    }
    return step - steps[low] <= steps[high] - step ? low : high;
  }

  // The mean of the last `window` values at each point; nulls are skipped.
  function trailingMean(values, window) {
    const out = [];
    let sum = 0;
    let number = 0;
    values.forEach((value, index) => {
      if (value !== null) {
        sum += value;
        number += 1;
      }
      const gone = values[index - window];
      if (index >= window && gone !== null) {
        sum -= gone;
        number -= 1;
      }
      out.push(number > 0 ? sum / number : null);
    });
    return out;
  }

  Object.assign(pal, { RunSeries, series: { thin, nearest, trailingMean, LIMIT } });
})();
