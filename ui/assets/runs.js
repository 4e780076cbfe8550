// What several parts say about a run: its colour, its buttons, its names and numbers.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText, setAttr } = pal;
  const COLOURS = 8;
  const given = new Map(); // run id -> 1…COLOURS

  // One colour a run on every chart: its id picks one, and the next free one if another shown run has it already.
  function colourIndex(id) {
    if (!given.has(id)) {
      let hash = 0;
      for (const letter of id) hash = (hash * 31 + letter.codePointAt(0)) >>> 0;
      const taken = new Set(given.values());
      let index = hash % COLOURS;
      for (let tries = 0; taken.has(index) && tries < COLOURS; tries += 1) index = (index + 1) % COLOURS;
      given.set(id, index);
    }
    return given.get(id) + 1;
  }

  function colourOf(id) {
    return getComputedStyle(document.body).getPropertyValue(`--pal-run-${colourIndex(id)}`).trim();
  }

  // The run's colour and three mixtures of it that differ in lightness, for several lines on one chart.
  function shades(colour) {
    const style = getComputedStyle(document.body);
    const [base, text, surface] = [colour, style.color, style.getPropertyValue("--pal-surface")].map(channels);
    return [colour, mix(base, text, 0.6), mix(base, surface, 0.3), mix(base, text, 0.3)];
  }

  // The colour of raw lines behind a smoothed one. Mixed, not transparent: dense lines would add up to full colour.
  function pale(colour) {
    return mix(channels(colour), channels(getComputedStyle(document.body).getPropertyValue("--pal-surface")), 0.65);
  }

  // Any way of writing a colour -> [red, green, blue]; the browser knows them all.
  function channels(colour) {
    const probe = h("span", { hidden: true });
    probe.style.color = colour.trim();
    document.body.append(probe);
    const found = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
    probe.remove();
    return found;
  }

  function mix(from, to, part) {
    return `rgb(${from.map((channel, i) => Math.round(channel + (to[i] - channel) * part)).join(", ")})`;
  }

  function freeColour(id) {
    given.delete(id);
  }

  function title(run) {
    return run.name || run.id;
  }

  // "Pong · PPO · seed 0"
  function facts(run) {
    const environment = String(run.environment || "").replace(/^ALE\//, "");
    const seed = run.seed === null || run.seed === undefined ? null : pal.text("runs.seed", { seed: String(run.seed) });
    return [environment, run.algorithm_label || run.algorithm, seed].filter(Boolean).join(" · ");
  }

  function isLive(run) {
    return pal.states.live.includes(run.status);
  }

  // What to show for a run: the state it was just asked for, else the one it has.
  function shown(run) {
    const wish = pal.wish(run.id);
    return wish ? { status: wish.sign, word: wish.word } : { status: run.status, word: null };
  }

  const ACTIONS = {
    start: { label: pal.text("runs.start"), icon: "play" },
    pause: { label: pal.text("runs.pause"), icon: "pause" },
    resume: { label: pal.text("runs.resume"), icon: "resume" },
    stop: { label: pal.text("runs.stop"), icon: "stop" },
    edit: { label: pal.text("runs.edit"), icon: "edit", ask: (run) => pal.editRun(run) },
    extend: { label: pal.text("runs.extend"), icon: "extend", ask: askForSteps },
    restart: { label: pal.text("runs.restart"), icon: "restart", tip: pal.text("runs.restart_tip") },
    fork: { label: pal.text("runs.fork"), icon: "fork", ask: (run) => pal.fork(run) },
  };
  // What can be asked of a run that has ended, and of nothing else; the others are for runs that live.
  const AFTER_ITS_END = ["resume", "extend", "restart"];

  // Buttons that stay where they are; one that cannot act now says why in its tip, with mouse and keyboard alike.
  function actionButtons(read, names) {
    const node = h("div", { class: "pal-actions", role: "group", "aria-label": pal.text("runs.control") });
    const buttons = names.map((action) => {
      const { label, icon } = ACTIONS[action];
      const button = h("button", { class: "pal-action", type: "button", data: { action } });
      button.append(pal.icon(icon), h("span", { text: label }));
      button.addEventListener("click", () => {
        if (button.getAttribute("aria-disabled") === "true") return;
        if (ACTIONS[action].ask) ACTIONS[action].ask(read());
        else ask(read(), action);
      });
      node.append(button);
      return [action, button];
    });
    node.show = (run) => {
      for (const [action, button] of buttons) {
        const reason = pal.reasonAgainst(run, action);
        setAttr(button, "aria-disabled", reason ? "true" : null);
        pal.setTip(button, reason || ACTIONS[action].tip || "");
        const ended = pal.states.ended.includes(run.status);
        if (action === "start") button.hidden = run.status !== "queued";
        else if (action === "resume") button.hidden = run.status === "completed";
        else if (action !== "fork") button.hidden = AFTER_ITS_END.includes(action) !== ended;
      }
    };
    return node;
  }

  // Stopping loses nothing, but who wants to be asked is asked.
  async function ask(run, action) {
    const wording = { title: pal.text("runs.stop_title", { run: title(run) }), text: pal.text("runs.stop_text"), action: pal.text("runs.stop") };
    if (action !== "stop" || (await pal.confirmed("stop", wording))) pal.act(run, action);
  }

  // How many steps a run is to have in all; what the server says against a number stays in the dialog with it.
  function askForSteps(run) {
    const input = h("input", { class: "pal-input pal-figures", id: "extend-steps", type: "text", inputmode: "numeric", autocomplete: "off", "aria-errormessage": "extend-fault" });
    input.value = pal.format.typed(2 * Math.max(run.total_steps || 0, run.step));
    const fault = h("p", { class: "pal-field-fault", id: "extend-fault", role: "alert", hidden: true });
    const cancel = h("button", { class: "pal-button", type: "button", text: pal.text("runs.cancel") });
    const go = h("button", { class: "pal-button pal-button-main", type: "submit", text: pal.text("runs.extend_go") });
    const label = h("label", { class: "pal-label", for: "extend-steps", text: pal.text("runs.extend_steps", { count: run.step }) });
    const form = h("form", { class: "pal-name-form" }, label, input, fault, h("div", { class: "pal-dialog-buttons" }, cancel, go));
    form.noValidate = true;
    const box = pal.dialog(pal.text("runs.extend_title", { run: title(run) }), form, { className: "pal-dialog-small" });
    cancel.addEventListener("click", () => box.close());
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      go.disabled = true;
      try {
        await pal.act(run, "extend", { total_steps: pal.readNumber(input.value, { whole: true }) });
        box.close();
      } catch (error) {
        setText(fault, error.details?.[0] ? pal.faultText(error.details[0]) : pal.said(error.message));
        fault.hidden = false;
        setAttr(input, "aria-invalid", "true");
        input.focus();
        go.disabled = false;
      }
    });
    input.select();
  }

  // What a checkpoint is beside its step. One is the best at a time, whatever others were saved as.
  function checkpointKind({ kind, best }) {
    const saved = kind === "best" ? (best ? null : pal.text("runs.was_best")) : pal.said(kind);
    return [saved, best ? pal.said("best") : null].filter(Boolean).join(", ");
  }

  // A term and its number; show("12", "exact words for the tip").
  function stat(label, { name = label, wide = false } = {}) {
    const value = h("dd");
    const node = h("div", { class: wide ? "pal-stat pal-stat-wide" : "pal-stat", data: { stat: name } }, h("dt", { text: label }), value);
    node.show = (text, tip) => {
      setText(value, text);
      if (tip !== undefined) pal.setTip(node, tip);
    };
    return node;
  }

  Object.assign(pal, { runs: { colourIndex, colourOf, shades, pale, freeColour, title, facts, isLive, shown, actionButtons, checkpointKind, stat } });
})();
