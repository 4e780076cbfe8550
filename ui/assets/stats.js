// What drawing costs and how often numbers arrive, kept for whoever wants to know: palaestra.stats.summary().
"use strict";

(() => {
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
    draws: [], // {at, ms, run, chart, points}: one drawing of one chart
    updates: [], // {at, ms, charts, interval}: all drawings that one arrival of numbers caused
    polls: [], // {at, ms, online}: answers of /api/state
    draw(ms, run, chart, points) {
      keep(stats.draws, { at: performance.now(), ms, run, chart, points });
    },
    update(ms, charts) {
      const at = performance.now();
      const before = stats.updates[stats.updates.length - 1];
      keep(stats.updates, { at, ms, charts, interval: before ? at - before.at : null });
    },
    poll(ms, online) {
      keep(stats.polls, { at: performance.now(), ms, online });
    },
    summary() {
      const costs = stats.updates.map((update) => update.ms);
      const gaps = stats.updates.map((update) => update.interval).filter((gap) => gap !== null);
      const draws = stats.draws.map((draw) => draw.ms);
      return {
        updates: costs.length,
        update_ms_p50: quantile(costs, 0.5),
        update_ms_p95: quantile(costs, 0.95),
        update_ms_max: quantile(costs, 1),
        interval_ms_p50: quantile(gaps, 0.5),
        interval_ms_p95: quantile(gaps, 0.95),
        draw_ms_p50: quantile(draws, 0.5),
        draw_ms_p95: quantile(draws, 0.95),
        poll_ms_p95: quantile(stats.polls.map((poll) => poll.ms), 0.95),
      };
    },
    reset() {
      stats.draws.length = stats.updates.length = stats.polls.length = 0;
    },
  };

  window.palaestra.stats = stats;
})();
