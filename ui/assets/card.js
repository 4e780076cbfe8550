// The card of one run: state, progress, numbers, buttons, charts, last video and log.
//
// Always holds: what cannot be seen fetches nothing; a run that stands still is asked once more and then left alone.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const { count, value, spread, duration, progress, ago, exact } = pal.format;
  // What the engine says of a run, and the heading of the guide that says what to do about it.
  const GUIDES = [[/policy has collapsed/, "entropy"], [/diverged|not finite/, "nan"]];
  const TRAILING = 2500; // ms in which late numbers may still arrive after a run changed
  const AGAIN = 1000; // ms until what could not be fetched is asked for again
  const MANY = 500; // log lines in an answer after which the next is asked for at once
  const LOG_PERIOD = 1000;
  const VIDEO_PERIOD = 10000;

  class RunCard {
    // onClose(card) is called when its reader puts the card of an ended run away.
    constructor(run, onClose) {
      this.run = run;
      this.id = run.id;
      this.onClose = onClose;
      this.data = new pal.RunSeries(run.id);
      this.node = this.build(run);
      this.changedAt = performance.now();
      // When it was last asked for: anything at all, and what has been answered of numbers, lines and videos.
      this.askedAt = this.readAt = this.loggedAt = this.filmedAt = this.markedAt = -Infinity;
      this.unwatch = pal.watchVisible(this.node, (visible) => {
        this.onScreen = visible;
        if (visible) this.tick();
      });
      this.unfollow = pal.follow(this);
      this.show(run);
    }

    build(run) {
      this.sign = pal.sign(run.status);
      this.sign.setAttribute("aria-live", "polite");
      this.name = h("h3", { class: "pal-card-name" });
      this.facts = h("span", { class: "pal-card-facts" });
      const actions = ["start", "pause", "resume", "stop", "edit", "extend", "restart", "fork"];
      this.buttons = pal.runs.actionButtons(() => this.run, actions);
      this.closeButton = pal.toolButton("close", pal.text("card.put_away"), () => this.onClose(this));
      const values = pal.toolButton("table", pal.text("card.table"), () => this.showTable());
      const tools = pal.toolButton("tools", pal.text("tools.open"), () => pal.openTools(this.run));
      const head = h(
        "header",
        { class: "pal-card-head" },
        h("div", { class: "pal-card-title" }, this.sign, this.name, this.facts),
        this.buttons,
        h("div", { class: "pal-card-tools" }, tools, values, this.closeButton),
      );
      this.charts = new pal.ChartSet(run, this.data, pal.runs.colourOf(run.id));
      this.log = new pal.LogTail(run);
      this.video = this.buildVideo();
      this.trouble = h("div", { class: "pal-card-trouble", hidden: true });
      const foot = h("div", { class: "pal-card-foot" }, this.video, this.log.node);
      this.timing = new pal.TimingView();
      this.family = new pal.FamilyView(run, (relatives) => this.charts.lay(relatives));
      const parts = [head, this.buildProgress(), this.buildStats(), this.timing.node, this.trouble, this.family.node, this.charts.node, foot];
      const node = h("article", { class: "pal-card", tabindex: "-1", data: { run: run.id } }, ...parts);
      node.style.setProperty("--pal-run", `var(--pal-run-${pal.runs.colourIndex(run.id)})`);
      return node;
    }

    buildProgress() {
      this.fill = h("div", { class: "pal-progress-fill" });
      this.percent = h("span", { class: "pal-progress-text" });
      this.bar = h("div", { class: "pal-progress", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, this.fill);
      return h("div", { class: "pal-progress-row" }, this.bar, this.percent);
    }

    buildStats() {
      const stat = pal.runs.stat;
      this.stats = {
        steps: stat(pal.text("card.steps"), { name: "Steps", wide: true }),
        fps: stat(pal.text("card.steps_per_second"), { name: "fps" }),
        eta: stat(pal.text("card.eta"), { name: "eta" }),
        elapsed: stat(pal.text("card.elapsed"), { name: "elapsed" }),
        episodes: stat(pal.text("card.episodes"), { name: "episodes" }),
        last: stat(pal.text("card.last"), { name: "last" }),
        mean: stat(pal.text("card.mean"), { name: "mean" }),
        best: stat(pal.text("card.best"), { name: "best" }),
        evaluation: stat(pal.text("card.evaluation"), { name: "evaluation" }),
      };
      return h("dl", { class: "pal-stats" }, ...Object.values(this.stats));
    }

    buildVideo() {
      this.poster = h("img", { alt: "", loading: "lazy", decoding: "async" });
      this.videoText = h("span", { class: "pal-lastvideo-text", text: pal.text("card.no_video") });
      this.videoButton = h("button", { class: "pal-lastvideo-button", type: "button", hidden: true }, this.poster, pal.icon("play"));
      this.videoButton.addEventListener("click", () => pal.player.open([this.clip], 0));
      const all = h("button", { class: "pal-linkbutton", type: "button", text: pal.text("card.all_videos"), hidden: true });
      all.addEventListener("click", () => pal.showVideosOf?.(this.run));
      this.allVideos = all;
      const empty = h("div", { class: "pal-lastvideo-empty" }, pal.icon("film"));
      return h("section", { class: "pal-lastvideo", "aria-label": pal.text("card.last_video") }, this.videoButton, empty, h("div", { class: "pal-lastvideo-line" }, this.videoText, all));
    }

    // ---- new facts ------------------------------------------------------------------------------------------

    show(run) {
      const before = this.run;
      this.run = run;
      if (run.rewinds !== before.rewinds) this.data.doubt();
      const mark = `${run.status} ${run.step} ${run.episodes} ${run.ended_at}`;
      if (mark !== this.mark) this.changedAt = performance.now();
      this.mark = mark;
      const { status, word } = pal.runs.shown(run);
      this.node.dataset.status = status;
      this.sign.show(status, word);
      setText(this.name, pal.runs.title(run));
      const apart = run.process ? pal.text("runs.own_process") : null;
      setText(this.facts, [pal.runs.facts(run), apart].filter(Boolean).join(" · "));
      this.facts.title = run.process?.why ? `${pal.said(run.process.why)}${pal.text("form.full_stop")}` : "";
      this.node.setAttribute("aria-label", `${pal.runs.title(run)}, ${word || pal.statusWord(run.status)}`);
      this.buttons.show(run);
      this.closeButton.hidden = !pal.states.ended.includes(run.status);
      this.showProgress(run);
      this.showStats(run);
      this.timing.show(run.timing);
      this.showAbsent(run);
      if (run.error !== before.error || run.reason !== before.reason || !this.troubled) this.showTrouble(run);
      this.tick();
    }

    showProgress(run) {
      const part = Math.min(1, Math.max(0, run.progress || 0));
      this.fill.style.transform = `scaleX(${part})`;
      setText(this.percent, progress(part));
      pal.setAttr(this.bar, "aria-valuenow", Math.floor(part * 100));
      pal.setAttr(this.bar, "aria-label", pal.text("card.progress", { run: pal.runs.title(run) }));
    }

    showStats(run) {
      const { stats } = this;
      const moving = run.status === "running";
      stats.steps.show(run.total_steps ? `${count(run.step)} / ${count(run.total_steps)}` : count(run.step));
      stats.fps.show(moving ? count(run.fps) : "–", moving ? "" : pal.text("card.only_running"));
      stats.eta.show(moving ? duration(run.eta_seconds) : "–", moving ? "" : pal.text("card.only_running"));
      stats.elapsed.show(duration(run.elapsed_seconds), run.started_at ? pal.text("card.started", { time: exact(run.started_at) }) : "");
      stats.episodes.show(count(run.episodes));
      for (const name of ["last", "mean", "best"]) stats[name].show(value(run.returns?.[name]));
      const seen = run.evaluation;
      const result = seen ? spread(seen.mean_return, seen.std_return) : "–";
      stats.evaluation.show(result, seen ? pal.text("card.evaluated", { result, count: seen.episodes, step: seen.step }) : pal.text("card.not_evaluated"));
    }

    // An ended run gets no more numbers: what it never reported is said in a line.
    showAbsent(run) {
      const known = this.fetched || run.step === 0;
      this.charts.end(known && pal.states.ended.includes(run.status));
    }

    showTrouble(run) {
      this.troubled = true;
      const bad = run.status === "failed" || run.status === "interrupted";
      this.trouble.hidden = !run.reason && !run.error;
      this.trouble.dataset.bad = String(bad);
      const parts = [h("p", { text: pal.said(run.reason) || pal.text("card.failed") })];
      if (run.error) {
        const copy = pal.copyButton(() => run.error, pal.text("card.copy_details"));
        parts.push(h("details", {}, h("summary", { text: pal.text("card.details") }), h("pre", { class: "pal-detail", text: run.error })), copy);
      }
      const guide = GUIDES.find(([words]) => words.test(run.reason || ""));
      if (guide) parts.push(h("a", { class: "pal-linkbutton", href: `#help/when-it-does-not-learn/${guide[1]}`, text: pal.text("card.what_to_do") }));
      this.trouble.replaceChildren(...parts);
    }

    // ---- fetching -------------------------------------------------------------------------------------------

    // Called at every answer of the state poller and when the card comes into view: fetches what does not come with it.
    tick() {
      if (!this.onScreen || document.hidden || pal.state.online === false) return;
      this.family.tick(this.run);
      const now = performance.now();
      const moving = now - this.changedAt < TRAILING;
      const live = pal.runs.isLive(this.run);
      if (now - this.askedAt >= AGAIN && (!this.fetched || this.log.cursor === null)) {
        this.askedAt = now;
        if (!this.fetched && !this.data.busy) this.guard("metrics", this.refreshCharts());
        if (this.log.cursor === null && !this.log.busy) this.guard("log", this.log.refresh());
      }
      if (this.fetched && this.data.wantsReread) this.guard("metrics", this.data.reread().then(() => this.drawn(true)));
      this.followEdits(now);
      // Once more when it has come to rest, for what was filmed last.
      const due = live ? now - this.filmedAt > VIDEO_PERIOD : this.filmedIn !== this.run.status && !moving;
      if (due || this.filmedAt < 0) {
        this.filmedAt = now;
        this.filmedIn = this.run.status;
        this.guard("video", this.refreshVideo());
      }
    }

    // The marks of its edits are asked for when there are more of them, or when they moved with a rewind.
    followEdits(now) {
      const { edits = 0, rewinds } = this.run;
      const wanted = edits ? `${edits} ${rewinds}` : null;
      if (wanted === null || wanted === this.marked || now - this.markedAt < AGAIN) return;
      this.markedAt = now;
      const show = async () => {
        const marks = await pal.editMarks(this.run);
        this.charts.mark(marks);
        if (marks.length >= edits) this.marked = wanted; // the newest may be on its way into the database
      };
      this.guard("edits", show());
    }

    // What the poller asks for along with the state, or null. A run that stands still is read on until it was asked
    // some time after its last change, however long the card was out of sight in between.
    following() {
      if (!this.onScreen || document.hidden) return null;
      const at = performance.now();
      const settled = this.changedAt + TRAILING;
      const wantsLines = this.moreLines || (pal.runs.isLive(this.run) ? at - this.loggedAt > LOG_PERIOD : this.loggedAt < settled);
      const since = this.fetched && !this.data.busy && this.readAt < settled ? this.data.cursor : null;
      const after = wantsLines && !this.log.busy ? this.log.cursor : null;
      return since === null && after === null ? null : { id: this.id, since, after, at };
    }

    // An answer to what the card does not know any more (it has read on meanwhile) says nothing new.
    take(asked, { metrics, logs }) {
      if (metrics && asked.since === this.data.cursor) {
        this.readAt = asked.at;
        this.drawn(this.data.take(metrics));
      }
      if (logs && asked.after === this.log.cursor) {
        this.loggedAt = asked.at;
        this.moreLines = logs.lines.length >= MANY;
        this.log.take(logs);
      }
    }

    async refreshCharts() {
      const at = performance.now();
      const changed = await this.data.refresh();
      this.readAt = at;
      this.fetched = true;
      this.charts.loaded();
      this.drawn(changed);
    }

    drawn(changed) {
      if (changed) this.charts.refresh();
      this.showAbsent(this.run);
    }

    async refreshVideo() {
      const page = await pal.api.videos({ run: this.id, limit: 1 });
      const [clip] = page.videos;
      if (!clip || clip.id === this.clip?.id) return;
      this.clip = clip;
      this.poster.src = pal.api.url(clip.poster_url);
      this.poster.alt = pal.text("card.poster", { step: clip.step });
      this.videoButton.setAttribute("aria-label", pal.text("card.play", { step: clip.step, value: value(clip.return) }));
      this.videoButton.hidden = false;
      this.allVideos.hidden = !pal.hasTab("videos");
      setText(this.videoText, pal.text("card.clip", { step: clip.step, value: value(clip.return) }));
      pal.setTip(this.videoText, pal.text("card.recorded", { ago: ago(clip.created_at), time: exact(clip.created_at) }));
    }

    // A lost request needs no message: the status bar already says that the server is gone.
    guard(what, promise) {
      promise.catch((error) => {
        if (error.status > 0 && error.status !== 404) console.warn(`palaestra: ${what} of ${this.id}: ${error.message}`);
        else if (!(error instanceof pal.ApiError)) console.error(error);
      });
    }

    showTable() {
      pal.dialog(pal.text("card.values", { run: pal.runs.title(this.run) }), this.charts.table(), { className: "pal-dialog-wide" });
    }

    focus() {
      this.node.scrollIntoView({ block: "start", behavior: "smooth" });
      this.node.focus({ preventScroll: true });
    }

    recolour() {
      this.charts.recolour(pal.runs.colourOf(this.id));
      this.family.recolour();
    }

    destroy() {
      this.unwatch();
      this.unfollow();
      this.family.destroy();
      this.charts.destroy();
      pal.runs.freeColour(this.id);
      this.node.remove();
    }
  }

  pal.RunCard = RunCard;
})();
