// A panel of the Tools tab: what the tool does, what it needs to know, how far it is, what it gave.
//
// Always holds: a panel shows the newest task of its kind for the chosen run, as the server knows it.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText, setAttr } = pal;
  const { duration, progress } = pal.format;
  let serial = 0;

  class ToolPanel {
    // kinds: of tasks that belong here; read(): the task as it is filled in.
    constructor(tools, { name, kinds, icon, wide = false }) {
      Object.assign(this, { tools, kinds });
      serial += 1;
      this.id = `tool-${serial}`;
      this.states = new Map();
      this.fields = h("div", { class: "pal-tool-fields" });
      this.fault = h("p", { class: "pal-tool-fault", role: "alert", hidden: true });
      this.go = h("button", { class: "pal-button pal-button-main", type: "submit", text: pal.text(`tools.${name}_go`) });
      this.form = h("form", { class: "pal-tool-form", novalidate: true }, this.fields, h("div", { class: "pal-tool-buttons" }, this.go), this.fault);
      this.form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.submit();
      });
      this.results = h("div", { class: "pal-tool-results" });
      const head = h("div", { class: "pal-tool-head" }, pal.icon(icon), h("h2", { id: this.id, text: pal.text(`tools.${name}`) }));
      this.node = h(
        "section",
        { class: wide ? "pal-tool pal-tool-wide" : "pal-tool", "aria-labelledby": this.id, data: { tool: name } },
        head,
        h("p", { class: "pal-tool-about", text: pal.text(`tools.${name}_about`) }),
        this.form,
        this.buildProgress(),
        this.results,
      );
    }

    buildProgress() {
      this.fill = h("div", { class: "pal-progress-fill" });
      this.track = h("div", { class: "pal-progress", role: "progressbar", "aria-label": pal.text("tools.progress"), "aria-valuemin": "0", "aria-valuemax": "100" }, this.fill);
      this.words = h("span", { class: "pal-tool-words" });
      this.stop = h("button", { class: "pal-button", type: "button", text: pal.text("tools.cancel") });
      this.stop.addEventListener("click", () => {
        this.stop.disabled = true;
        this.tools.cancel(this.job);
      });
      this.progress = h("div", { class: "pal-tool-progress", hidden: true }, h("div", { class: "pal-progress-row" }, this.track, this.stop), this.words);
      return this.progress;
    }

    // ---- what is filled in --------------------------------------------------------------------------------------

    field(label, control, { tip = "" } = {}) {
      serial += 1;
      control.id = `tool-field-${serial}`;
      const name = h("label", { for: control.id, text: label });
      if (tip) pal.setTip(control, tip);
      const isBox = control.type === "checkbox";
      const node = h("div", { class: isBox ? "pal-tool-check" : "pal-tools-field" }, ...(isBox ? [control, name] : [name, control]));
      this.fields.append(node);
      return control;
    }

    number(label, initial, tip = "") {
      const control = h("input", { class: "pal-input pal-figures", type: "text", inputmode: "numeric", autocomplete: "off", value: String(initial) });
      return this.field(label, control, { tip });
    }

    check(label, initial, tip = "") {
      const control = h("input", { type: "checkbox", role: "switch", class: "pal-switch" });
      control.checked = initial;
      return this.field(label, control, { tip });
    }

    // The name of a field in a task -> its control, to mark what the server finds wrong.
    get named() {
      return {};
    }

    async submit() {
      this.blame([]);
      this.sending = true;
      this.gate();
      try {
        await this.tools.submit(this.read());
      } catch (error) {
        this.blame(error.details?.length ? error.details : [{ message: error.message }]);
      }
      this.sending = false;
      this.gate();
    }

    // Whether a press on the button would lead nowhere now.
    get hindered() {
      return Boolean(this.blocked || this.isBusy || this.sending);
    }

    gate() {
      this.go.disabled = this.hindered;
    }

    blame(faults) {
      const named = this.named;
      for (const control of Object.values(named)) setAttr(control, "aria-invalid", null);
      for (const { field } of faults) if (named[field]) setAttr(named[field], "aria-invalid", "true");
      const title = ({ field }) => named[field]?.labels[0]?.textContent;
      setText(this.fault, faults.map((each) => [title(each), pal.faultText(each)].filter(Boolean).join(" – ")).join(" "));
      this.fault.hidden = faults.length === 0;
      const first = faults.map(({ field }) => named[field]).find(Boolean);
      if (first) first.focus();
    }

    // ---- what the tab tells -------------------------------------------------------------------------------------

    // The run that is chosen; `other` when it was another one before.
    follow(run, other) {
      this.run = run;
      if (other) {
        this.states.clear();
        this.blame([]);
        this.results.replaceChildren();
      }
      this.refresh();
    }

    // Whether there is a checkpoint to work on.
    allow(possible) {
      this.blocked = !possible;
      this.gate();
    }

    mine(job) {
      return this.kinds.includes(job.kind) && job.run === this.run?.id;
    }

    news(jobs) {
      if (!this.run) return;
      const mine = jobs.filter((job) => this.mine(job));
      const active = mine.find((job) => job.ended_at === null);
      this.isBusy = Boolean(active);
      this.job = active || null;
      this.showProgress(active);
      const newest = mine[0];
      if (newest?.state === "failed" && this.states.get(newest.id) !== "failed") this.blame([{ message: newest.error }]);
      const done = mine.some((job) => job.state === "done" && this.states.has(job.id) && this.states.get(job.id) !== "done");
      for (const job of mine) this.states.set(job.id, job.state);
      if (done) this.finished(mine.find((job) => job.state === "done"));
      this.gate();
    }

    showProgress(job) {
      this.progress.hidden = !job;
      if (!job) return;
      this.stop.disabled = job.cancelling;
      this.fill.style.transform = `scaleX(${job.progress})`;
      setAttr(this.track, "aria-valuenow", String(Math.floor(job.progress * 100)));
      setText(this.words, progressText(job));
    }

    finished() {
      this.refresh();
    }

    // What the server has kept of this tool; nothing by itself.
    refresh() {}

    // Reads something and shows it, unless another run has been chosen meanwhile.
    async load(read, show) {
      const run = this.run;
      try {
        const found = await read(run.id);
        if (this.run === run || this.run?.id === run.id) show(found);
        pal.settled(`tools ${this.id}`);
      } catch (error) {
        if (error.status > 0) pal.fail(error, pal.text("tools.results_unreadable"), `tools ${this.id}`);
      }
    }
  }

  function progressText(job) {
    if (job.cancelling) return pal.text("tools.cancelling");
    if (job.state === "waiting") return pal.text("tools.waiting");
    if (job.progress === 0) return pal.text("tools.preparing");
    const left = job.eta_seconds === null ? "" : pal.text("tools.left", { time: duration(job.eta_seconds) });
    return [progress(job.progress), left].filter(Boolean).join(" · ");
  }

  pal.ToolPanel = ToolPanel;
  pal.toolPanels = [];
  // toolPanel(1, (tools) => new Panel(tools)): where the panel stands, and what makes it.
  pal.toolPanel = (order, make) => pal.toolPanels.push({ order, make });
})();
