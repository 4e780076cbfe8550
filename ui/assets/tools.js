// The Tools tab: a run and one of its checkpoints on top, a panel for each tool below.
//
// Always holds: tasks live in the server, so a reload or a second page shows the same; nothing is asked while the tab
// is closed, and seldom while no task is under way.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const { count, value, bytes, ago, progress } = pal.format;
  const BUSY = 600; // ms between two looks at the tasks while one is under way
  const IDLE = 5000; // somebody else may have begun one
  const FOUND = 30; // runs offered for a search
  let opened = null;
  let early = null;

  class Tools {
    constructor(root) {
      this.run = null;
      this.checkpoints = [];
      this.names = new Map();
      this.jobs = [];
      this.build(root);
      pal.watchVisible(root, (visible) => {
        this.visible = visible;
        if (visible) this.arrive();
        else clearTimeout(this.timer);
      });
    }

    build(root) {
      this.chooser = new pal.Combobox({
        id: "tools-run",
        label: pal.text("tools.run"),
        placeholder: pal.text("tools.find_run"),
        remote: true,
        title: (id) => this.names.get(id) || id,
        load: (text) => this.offered(text),
        choose: (id) => this.choose(id),
      });
      this.wanted = null; // the run that was asked for last, until it is shown
      this.which = h("select", { class: "pal-input", id: "tools-checkpoint" });
      this.which.addEventListener("change", () => this.tell());
      this.about = h("p", { class: "pal-tools-about", "aria-live": "polite" });
      const monitor = h("button", { class: "pal-linkbutton", type: "button", text: pal.text("tools.in_monitor") });
      monitor.addEventListener("click", () => this.run && pal.openRun(this.run.id));
      this.monitor = monitor;
      const field = (label, id, control) => h("div", { class: "pal-tools-field" }, h("label", { for: id, text: label }), control);
      const bar = h(
        "div",
        { class: "pal-tools-bar" },
        field(pal.text("tools.run"), "tools-run", this.chooser.node),
        field(pal.text("tools.checkpoint"), "tools-checkpoint", this.which),
        h("div", { class: "pal-tools-facts" }, this.about, monitor),
      );
      this.others = h("div", { class: "pal-tools-others", hidden: true });
      this.panels = pal.toolPanels.sort((a, b) => a.order - b.order).map(({ make }) => make(this));
      this.grid = h("div", { class: "pal-tools-grid" }, ...this.panels.map((panel) => panel.node));
      this.bar = bar;
      this.empty = this.buildEmpty();
      root.append(h("div", { class: "pal-tools" }, this.empty, bar, this.others, this.grid));
      for (const node of [this.empty, this.bar, this.grid]) node.hidden = true;
    }

    buildEmpty() {
      const go = h("button", { class: "pal-button pal-button-main", type: "button", text: pal.text("tools.start_run") });
      go.addEventListener("click", () => pal.selectTab("train"));
      return h("div", { class: "pal-empty" }, pal.icon("chart"), h("h2", { text: pal.text("tools.none") }), h("p", { text: pal.text("tools.none_about") }), go);
    }

    // ---- which run, which checkpoint --------------------------------------------------------------------------

    async offered(text) {
      const { runs } = await pal.api.runs({ q: text.trim(), limit: FOUND });
      for (const run of runs) this.names.set(run.id, pal.runs.title(run));
      const entries = runs.map((run) => ({
        value: run.id,
        label: pal.runs.title(run),
        detail: `${pal.runs.facts(run)} · ${pal.text("tools.at_step", { step: count(run.step) })} · ${ago(run.created_at)}`,
      }));
      return [{ title: text.trim() ? pal.text("tools.found") : pal.text("tools.newest_runs"), entries }];
    }

    arrive() {
      this.poll();
      this.again();
    }

    // Reads the run anew, or goes on to the one that is still waited for.
    again() {
      this.choose(this.wanted ?? this.run?.id ?? early ?? pal.remembered.get("tools.run", null));
    }

    // The run of that id; without one, or when it is gone, the newest that has come anywhere. Only the run that was
    // asked for last is shown.
    async choose(id) {
      early = null;
      const asked = (this.asked = {});
      this.wanted = id;
      try {
        const run = await this.found(id);
        if (asked !== this.asked) return;
        const checkpoints = run ? (await pal.api.checkpoints(run.id)).checkpoints : [];
        if (asked !== this.asked) return;
        pal.settled("tools run");
        this.wanted = null;
        this.checkpoints = checkpoints;
        this.show(run);
      } catch (error) {
        if (asked !== this.asked) return;
        this.chooser.show(this.run?.id ?? "");
        if (error.status === 0) return; // it is asked for again when the tab is next looked at
        this.wanted = null;
        pal.fail(error, pal.text("tools.run_unreadable"), "tools run");
      }
    }

    async found(id) {
      const run = id ? await pal.api.run(id).catch((error) => (error.status === 404 ? null : Promise.reject(error))) : null;
      if (run) return run;
      const { runs } = await pal.api.runs({ limit: FOUND });
      return runs.find((one) => one.step > 0) || runs[0] || null;
    }

    show(run) {
      const other = run?.id !== this.run?.id;
      this.run = run;
      this.empty.hidden = run !== null;
      this.bar.hidden = this.grid.hidden = run === null;
      if (!run) return;
      this.names.set(run.id, pal.runs.title(run));
      this.chooser.show(run.id);
      pal.remembered.set("tools.run", run.id);
      this.offerCheckpoints(other ? "newest" : this.which.value);
      this.tell();
      for (const panel of this.panels) panel.follow(run, other);
      this.tellJobs();
    }

    offerCheckpoints(chosen) {
      const best = this.checkpoints.find((each) => each.best);
      const newest = this.checkpoints.reduce((last, each) => (last && last.step > each.step ? last : each), null);
      const options = [];
      if (newest) options.push(["newest", pal.text("tools.newest", { step: count(newest.step) })]);
      if (best) options.push(["best", pal.text("tools.best", { step: count(best.step), value: value(best.mean_return) })]);
      for (const each of [...this.checkpoints].sort((a, b) => b.step - a.step)) options.push([String(each.step), described(each)]);
      this.which.replaceChildren(...options.map(([name, text]) => h("option", { value: name, text })));
      this.which.value = options.some(([name]) => name === chosen) ? chosen : options[0]?.[0] || "";
      this.which.disabled = options.length === 0;
    }

    get checkpoint() {
      return /^\d+$/.test(this.which.value) ? Number(this.which.value) : this.which.value;
    }

    tell() {
      const facts = pal.runs.facts(this.run);
      setText(this.about, this.checkpoints.length ? facts : `${facts} · ${pal.text("tools.no_checkpoint")}`);
      for (const panel of this.panels) panel.allow(this.checkpoints.length > 0);
    }

    // ---- tasks ------------------------------------------------------------------------------------------------

    async poll() {
      clearTimeout(this.timer);
      if (!this.visible || document.hidden || this.asking) return;
      this.asking = true;
      try {
        const { jobs, formats } = await pal.api.tools();
        this.jobs = jobs;
        this.formats = formats;
        pal.settled("tools");
        this.tellJobs();
      } catch (error) {
        if (error.status > 0) pal.fail(error, pal.text("tools.tasks_unreadable"), "tools");
      } finally {
        this.asking = false;
      }
      const busy = this.jobs.some((job) => job.ended_at === null);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.poll(), busy ? BUSY : IDLE);
    }

    tellJobs() {
      for (const panel of this.panels) panel.news(this.jobs, this.formats || {});
      const elsewhere = this.jobs.filter((job) => job.ended_at === null && job.run && job.run !== this.run?.id);
      this.others.hidden = elsewhere.length === 0;
      pal.arrange(this.others, elsewhere.map((job) => this.other(job)));
    }

    // The line of a task of another run is made once: one made anew at every look would lose the focus and the press.
    other(job) {
      const node = [...this.others.children].find((each) => each.dataset.job === job.id) || this.otherLine(job);
      const state = job.state === "waiting" ? pal.text("tools.waiting") : progress(job.progress);
      setText(node.firstChild, `${pal.text(`tools.${job.kind}`)} · ${state}`);
      setText(node.lastChild, this.names.get(job.run) || job.run);
      return node;
    }

    otherLine(job) {
      const go = h("button", { class: "pal-linkbutton", type: "button" });
      go.addEventListener("click", () => this.choose(job.run));
      return h("div", { class: "pal-tools-other", data: { job: job.id } }, h("span"), go);
    }

    // Hands a task to the server; throws what the server says against it.
    async submit(task) {
      const job = await pal.api.toolTask(task);
      this.jobs = [job, ...this.jobs];
      this.tellJobs();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.poll(), BUSY);
      return job;
    }

    async cancel(job) {
      try {
        await pal.api.cancelTask(job.id);
      } catch (error) {
        if (error.status !== 409) pal.fail(error, pal.text("tools.not_cancelled"), "tools");
      }
      this.poll();
    }
  }

  function described(checkpoint) {
    const kind = pal.runs.checkpointKind(checkpoint);
    const mean = checkpoint.mean_return === null ? null : value(checkpoint.mean_return);
    return [pal.text("tools.at_step", { step: count(checkpoint.step) }), kind, mean, bytes(checkpoint.size_bytes)].filter(Boolean).join(" · ");
  }

  document.addEventListener("visibilitychange", () => opened?.visible && opened.poll());

  pal.island("tools", (root) => {
    opened = new Tools(root);
  });

  // Opens the tab on one run.
  pal.openTools = (run) => {
    if (opened) opened.choose(run.id);
    else early = run.id;
    pal.selectTab("tools");
  };
})();
