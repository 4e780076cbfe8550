// The action bar, always in view: is the form runnable, start it, queue it, print its command, and control a run.
//
// Always holds: which runs there are comes from the server's state, never from what this page remembers; a press shows
// within a frame that it was taken.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText, setAttr } = pal;
  const WHY = pal.text("form.no_live_run");
  const NO_RUN = { id: "", status: "completed", actions: { start: WHY, pause: WHY, resume: WHY, stop: WHY } };

  let bar = null;
  pal.shortcut("Ctrl Enter", () => bar?.submit("start"), { tab: "train", says: "shortcuts.start" });

  class ActionBar {
    // view: the FormView, for jumping to a fault; reviewer: knows whether the faults shown are those of the form as it is
    constructor(model, view, reviewer, ask, panel) {
      Object.assign(this, { model, view, reviewer, ask, panel, outlook: null, places: "", runs: [], chosen: null, busy: false, offline: null });
      this.said = h("span", { class: "pal-review-words", text: pal.text("form.checking") });
      this.message = h("button", { type: "button", class: "pal-linkbutton pal-review", id: "review", "aria-live": "polite" }, h("span", { class: "pal-review-sign", "aria-hidden": "true" }), this.said);
      this.message.addEventListener("click", () => this.lead());
      // Start comes first: whatever else there is to say or to control, it stays where it is.
      const row = h("div", { class: "pal-actionrow" }, this.startButtons(), this.message, panel.toggle, this.runControls());
      this.node = h("div", { class: "pal-actionbar", id: "action-bar" }, panel.node, row);
      // Messages come above the bar, however high it is; on the other tabs it has no height.
      new ResizeObserver(() => document.documentElement.style.setProperty("--pal-actionbar-height", `${this.node.offsetHeight}px`)).observe(this.node);
      model.on("faults", () => this.show());
      model.on("reviewing", () => this.reviewing());
      model.on("review", (answer) => this.reviewed(answer));
      model.on("unreviewed", (error) => this.unreviewed(error));
      pal.onState((state) => {
        this.showRuns(state);
        if (this.offline !== pal.reasonOffline()) this.show();
        this.watchPlaces(state.data?.counts);
      });
      bar = this;
    }

    startButtons() {
      this.start = h("button", { type: "button", class: "pal-action pal-start", id: "start", data: { action: "start" } }, pal.icon("play"), h("span", { text: pal.text("form.start") }));
      this.start.addEventListener("click", () => this.submit("start"));
      this.queue = h("button", { type: "button", class: "pal-button", id: "enqueue" }, pal.icon("queue"), h("span", { text: pal.text("form.enqueue") }));
      this.queue.addEventListener("click", () => this.submit("enqueue"));
      this.print = h("button", { type: "button", class: "pal-button", id: "print-command" }, pal.icon("terminal"), h("span", { text: pal.text("form.print_command") }));
      this.print.addEventListener("click", () => this.printCommand());
      this.follow = h("input", { type: "checkbox", id: "open-monitor" });
      this.follow.checked = pal.preferences.get("openMonitor");
      this.follow.addEventListener("change", () => pal.preferences.set("openMonitor", this.follow.checked));
      pal.preferences.on("openMonitor", (wanted) => (this.follow.checked = wanted));
      const follow = h("label", { class: "pal-follow", for: "open-monitor", data: { tip: pal.text("form.open_monitor_tip") } }, this.follow, h("span", { text: pal.text("form.open_monitor") }));
      return h("div", { class: "pal-actions pal-start-actions" }, this.start, follow, this.queue, this.print);
    }

    runControls() {
      this.select = h("select", { class: "pal-input", id: "action-run", "aria-label": pal.text("form.acts_on") });
      this.select.addEventListener("change", () => {
        this.chosen = this.select.value;
        this.showRun();
      });
      this.sign = pal.sign("completed");
      this.buttons = pal.runs.actionButtons(() => this.run(), ["start", "pause", "resume", "stop"]);
      return (this.controls = h("div", { class: "pal-run-controls", hidden: true }, this.sign, this.select, this.buttons));
    }

    // ---- is it runnable? --------------------------------------------------------------------------------------

    reviewing() {
      this.say(pal.text("form.checking"), "");
    }

    reviewed({ summary, start }) {
      Object.assign(this, { summary, outlook: start, untold: "" });
      this.show();
    }

    // Nothing is known of the form then, and a start is the server's to judge.
    unreviewed({ message }) {
      Object.assign(this, { summary: "", outlook: null, untold: message });
      this.show();
    }

    // A run that has ended or begun changes whether this one would have to wait.
    watchPlaces(counts) {
      if (!counts) return;
      const places = ["queued", "starting", "running", "paused", "stopping"].map((state) => counts[state]).join();
      if (this.places && places !== this.places) this.reviewer.soon();
      this.places = places;
    }

    // Why nothing can be started now, in words, or "".
    obstacle() {
      const { faults } = this.model;
      if (this.offline) return this.offline;
      if (faults.length) return pal.text("form.faults_first", { count: faults.length, first: this.words(faults[0]) });
      return pal.said(this.obstacles[0] ?? "");
    }

    get obstacles() {
      return this.outlook?.obstacles ?? [];
    }

    show() {
      const { faults } = this.model;
      const first = faults.length ? this.words(faults[0]) : "";
      this.offline = pal.reasonOffline();
      const obstacle = this.obstacle();
      const waits = this.outlook?.place > 0 ? pal.text("check.waits", { place: this.outlook.place, slots: this.outlook.slots }) : "";
      if (obstacle) this.say(obstacle, faults.length && !this.offline ? pal.text("form.go_to_fault", { text: obstacle }) : pal.text("form.cannot_start", { reason: obstacle }));
      else if (this.untold) this.say(pal.text("form.not_checked", { reason: this.untold }), this.untold);
      else if (!this.summary) this.say(pal.text("form.checking"), "");
      else this.say(pal.text("form.ready", { summary: [this.panel.line() || pal.said(this.summary), waits].filter(Boolean).join(" · ") }), "");
      if (!obstacle && this.summary) pal.setTip(this.message, [pal.said(this.summary), waits].filter(Boolean).join(" · "));
      const refuse = (button, reason, tip) => {
        setAttr(button, "aria-disabled", reason || this.busy ? "true" : null);
        pal.setTip(button, reason || tip);
      };
      const why = this.offline || ((first || obstacle) && pal.text("form.cannot_start", { reason: first || obstacle }));
      refuse(this.start, why, waits ? `${waits} (Ctrl+Enter)` : pal.text("form.start_tip"));
      refuse(this.queue, this.offline || (first && pal.text("form.cannot_enqueue", { reason: first })), pal.text("form.enqueue_tip"));
      refuse(this.print, this.offline, pal.text("form.print_tip"));
    }

    // Where there is no room for the words, their sign stands for them, and the tip says them.
    say(text, why) {
      this.message.classList.toggle("pal-review-bad", why !== "");
      setText(this.said, text);
      pal.setTip(this.message, why || text);
    }

    // To the first fault; where there is none, or no room to read what there is, to the panel.
    lead() {
      const narrow = matchMedia("(max-width: 700px)").matches;
      if (!this.model.faults.length || narrow) this.panel.open(this.panel.node.hidden);
      else this.jump();
    }

    words(fault) {
      const field = this.model.fieldOf(fault);
      return field ? `${field.title} – ${pal.faultText(fault)}` : pal.faultText(fault);
    }

    jump() {
      const [fault] = this.model.faults;
      if (fault && !this.view.jump()) pal.toast(pal.faultText(fault), { kind: "error", key: "start" });
    }

    // ---- starting ---------------------------------------------------------------------------------------------

    async submit(how) {
      if (this.busy || this.offline) return;
      this.setBusy(how);
      try {
        // What was just corrected may not have been looked over yet, and what stood in the way outside of this page, a
        // package or a full disk, may be gone; without an answer the server decides by itself.
        const blocked = this.model.faults.length > 0 || this.obstacles.length > 0;
        if (await this.reviewer.catchUp(blocked)) {
          if (this.model.faults.length) return void this.jump();
          if (how === "start" && this.obstacles.length) return void this.panel.open(true);
        }
        const { run } = await this.ask(how, { filled: this.model.filled() });
        this.chosen = run.id;
        pal.pollNow();
        const queued = run.status === "queued" && how === "start";
        const bar = pal.toast(how === "enqueue" ? pal.text("form.waits_for_start", { run: run.name }) : queued ? pal.text("form.waits_in_queue", { run: run.name }) : pal.text("form.is_starting", { run: run.name }), { kind: "success", key: "start" });
        if (how === "start" && this.follow.checked) pal.openRun(run.id);
        else this.offerMonitor(bar, run);
      } catch (error) {
        this.view.refused(error, pal.text("form.nothing_started"), "start");
      } finally {
        this.setBusy(null);
      }
    }

    offerMonitor(bar, run) {
      const show = h("button", { type: "button", class: "pal-linkbutton", text: pal.text("form.show_in_monitor") });
      show.addEventListener("click", () => pal.openRun(run.id));
      bar.querySelector(".pal-toast-text").append(show);
    }

    setBusy(how) {
      this.busy = how !== null;
      setText(this.start.querySelector("span"), how === "start" ? pal.text("form.starting") : pal.text("form.start"));
      this.show();
    }

    async printCommand() {
      if (this.offline) return;
      try {
        const { command } = await this.ask("command", { filled: this.model.filled() });
        const line = h("pre", { class: "pal-detail", id: "command-line", text: command });
        const copy = h("button", { type: "button", class: "pal-button pal-button-main", id: "copy-command", text: pal.text("form.copy") });
        copy.addEventListener("click", async () => setText(copy, (await pal.copy(command)) ? pal.text("form.copied") : pal.text("form.copy_by_hand")));
        const note = h("p", { text: pal.text("form.command_note") });
        pal.settled("command");
        pal.dialog(pal.text("form.command_title"), h("div", { class: "pal-command" }, line, note, h("div", { class: "pal-dialog-buttons" }, copy)), { className: "pal-dialog-small" });
      } catch (error) {
        this.view.refused(error, pal.text("form.no_command"), "command");
      }
    }

    // ---- the run that the buttons act on -------------------------------------------------------------------------

    showRuns({ data }) {
      const waits = (run) => run.status === "queued";
      const live = (data?.runs || []).filter((run) => pal.runs.isLive(run) || waits(run));
      live.sort((a, b) => waits(a) - waits(b) || b.created_at - a.created_at);
      this.runs = live;
      if (!live.some((run) => run.id === this.chosen)) this.chosen = live[0]?.id ?? null;
      const wanted = live.map((run) => [run.id, `${pal.runs.title(run)} · ${run.id.slice(-4)}`]);
      const mark = JSON.stringify(wanted);
      if (mark !== this.mark) {
        this.mark = mark;
        this.select.replaceChildren(...wanted.map(([value, text]) => h("option", { value, text })));
      }
      this.select.value = this.chosen ?? "";
      // The last run's Stop goes with it; whoever pressed it goes on at Start.
      if (!live.length && this.controls.contains(document.activeElement)) this.start.focus();
      this.controls.hidden = live.length === 0;
      this.showRun();
    }

    run() {
      return this.runs.find((run) => run.id === this.chosen) || NO_RUN;
    }

    showRun() {
      const run = this.run();
      const { status, word } = pal.runs.shown(run);
      this.sign.show(status, word);
      this.buttons.show(run);
      for (const button of this.buttons.children) if (!button.dataset.tip) pal.setTip(button, button.textContent);
    }
  }

  pal.ActionBar = ActionBar;
})();
