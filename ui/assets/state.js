// The one poller of /api/state: what the server last said, whether it still answers, and what was just asked of it.
//
// Numbers and log lines of the runs in view come with the same answer, for whoever follows them.
//
// Always holds: one request at a time, none while the page is hidden; when the server is gone every part hears it
// from here, and the poller finds it again by itself.
"use strict";

(() => {
  const pal = window.palaestra;
  const PERIOD = 450; // ms from one request to the next, so that news is not older than 500 when an answer is late
  const SLOWEST = 2000; // ms between two tries while the server is gone
  const SIGNED_OUT = 10000; // ms between two tries while it denies us, in case another tab signs in
  const MOST = 100; // runs that the server lets one request follow
  const listeners = new Set();
  const followers = new Set(); // {following(): {id, since, after} | null, take(asked, news)}
  const asked = new Map(); // run id -> {action, status, until}: shown until the server's own word arrives

  const state = {
    data: null, // body of GET /api/state
    online: null, // null until the first answer or failure
    signedOut: false,
    lastSeen: 0, // Date.now() of the last answer
    polls: 0,
  };

  let timer = 0;
  let misses = 0;
  let busy = false;
  let answeredAt = 0; // performance.now() of the last answer to an action; older polls know less than it

  async function poll() {
    clearTimeout(timer);
    if (busy || document.hidden) return;
    busy = true;
    const began = performance.now();
    let deliver = () => {};
    try {
      const wanted = [...followers].map((one) => ({ one, known: one.following() })).filter(({ known }) => known).slice(0, MOST);
      const data = await pal.api.state(wanted.map(({ known }) => `${known.id}:${known.since ?? ""}:${known.after ?? ""}`));
      if (began >= answeredAt) accept(data);
      deliver = () => hand(wanted, data.followed ?? {});
    } catch (error) {
      miss(error);
    } finally {
      busy = false;
    }
    pal.stats?.poll(performance.now() - began, state.online);
    tell();
    deliver();
    const lost = state.signedOut ? SIGNED_OUT : Math.min(PERIOD * misses, SLOWEST);
    const pause = misses > 2 ? lost : PERIOD;
    timer = setTimeout(poll, Math.max(50, pause - (performance.now() - began)));
  }

  function accept(data) {
    const before = state.data?.version;
    state.data = data;
    state.online = true;
    state.signedOut = false;
    state.lastSeen = Date.now();
    state.polls += 1;
    misses = 0;
    for (const run of data.runs) settle(run);
    if (before && data.version !== before) {
      pal.toast(pal.text("state.new_version", { version: data.version }));
    }
  }

  function miss(error) {
    misses += 1;
    state.signedOut = error.status === 401 || error.status === 403;
    // One lost request may be chance; two in a row, or an answer that denies us, is not.
    if (misses >= 2 || error.status > 0) state.online = false;
  }

  function settle(run) {
    const wish = asked.get(run.id);
    if (wish && (run.status !== wish.from || Date.now() > wish.until)) asked.delete(run.id);
  }

  function tell() {
    document.documentElement.classList.toggle("pal-offline", state.online === false);
    for (const listener of [...listeners]) guarded(() => listener(state));
  }

  function hand(wanted, followed) {
    for (const { one, known } of wanted) {
      if (followers.has(one) && followed[known.id]) guarded(() => one.take(known, followed[known.id]));
    }
  }

  function guarded(fn) {
    try {
      fn();
    } catch (error) {
      console.error("palaestra: a part of the page failed on new state", error);
    }
  }

  // Asks for news of a run along with the state, whenever follower.following() names one: one follower for each run.
  // Returns the way to stop.
  function follow(follower) {
    followers.add(follower);
    return () => followers.delete(follower);
  }

  // fn(state) now, if there is something to say, and after every answer or failure. Returns the way to stop.
  function onState(fn) {
    listeners.add(fn);
    if (state.online !== null) fn(state);
    return () => listeners.delete(fn);
  }

  // ---- asking a run to change -------------------------------------------------------------------------------

  const WISHES = {
    start: { sign: "starting", word: pal.text("state.starting") },
    pause: { sign: "paused", word: pal.text("state.pausing") },
    resume: { sign: "running", word: pal.text("state.resuming") },
    stop: { sign: "stopping", word: pal.text("state.stopping") },
    extend: { sign: "queued", word: pal.text("state.extending") },
    restart: { sign: "queued", word: pal.text("state.restarting") },
  };

  // Shows the wish at once, asks the server, then shows its answer; a refusal becomes a message, or, where something
  // was given along with the wish, is thrown for whoever gave it.
  async function act(run, action, given = null) {
    asked.set(run.id, { ...WISHES[action], action, from: run.status, until: Date.now() + 15000 });
    tell();
    try {
      const answer = await pal.api.act(run.id, action, given);
      replace(answer);
      pal.settled(`act ${run.id}`);
      if (answer.id !== run.id) {
        asked.delete(run.id);
        pal.openRun(answer.id);
      }
    } catch (error) {
      asked.delete(run.id);
      if (given) {
        tell();
        throw error;
      }
      pal.fail(error, pal.text(`state.could_not.${action}`, { run: run.name || run.id }), `act ${run.id}`);
    }
    tell();
    poll();
  }

  function replace(run) {
    if (!run || !run.id || !state.data) return;
    answeredAt = performance.now();
    const index = state.data.runs.findIndex((other) => other.id === run.id);
    if (index >= 0) state.data.runs[index] = { ...state.data.runs[index], ...run };
    settle(run);
  }

  function wish(runId) {
    return asked.get(runId) || null;
  }

  // Why nothing can be asked of the server now, or null.
  function reasonOffline() {
    if (state.signedOut) return pal.text("state.signed_out");
    return state.online === false ? pal.text("state.no_answer") : null;
  }

  // The server refuses nothing more politely than a button that says why it cannot be pressed.
  function reasonAgainst(run, action) {
    const offline = reasonOffline();
    if (offline) return offline;
    const waiting = wish(run.id);
    if (waiting) return pal.text("state.waiting", { word: waiting.word });
    return run.actions ? (pal.said(run.actions[action]) ?? null) : null;
  }

  document.addEventListener("visibilitychange", () => !document.hidden && poll());
  window.addEventListener("online", poll);

  Object.assign(pal, { state, onState, follow, act, wish, reasonOffline, reasonAgainst, pollNow: poll });
  poll();
})();
