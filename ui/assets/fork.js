// The dialog that forks a run: from which checkpoint, for how long, with which settings, under which name.
//
// Always holds: only settings that a checkpoint can take are offered; what the server says against a value stands at
// that value, and the dialog stays open with everything that was typed.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const { count, value, ago, bytes, known } = pal.format;
  const LENGTHS = ["training.total_timesteps", "training.duration_seconds"];
  const OWN = ["name", ...LENGTHS]; // have a place of their own in the dialog
  const fieldsOf = new Map(); // algorithm -> promise of its settings
  let serial = 0;

  function fields(algorithm) {
    if (!fieldsOf.has(algorithm)) {
      const asked = pal.api.fields(algorithm).then((answer) => answer.fields.map((field) => ({ ...pal.saidField(field), key: field.path, initial: shown(field, field.default) })));
      asked.catch(() => fieldsOf.delete(algorithm));
      fieldsOf.set(algorithm, asked);
    }
    return fieldsOf.get(algorithm);
  }

  // A value of a configuration -> what its control shows.
  function shown(field, now) {
    if (field.kind === "bool") return now === true;
    if (now === null || now === undefined) return "";
    if (["json", "wrappers"].includes(field.kind)) return JSON.stringify(now);
    if (field.kind === "tags") return now.join(", ");
    if (field.kind === "duration") return pal.showDuration(now);
    return typeof now === "number" && ["int", "float"].includes(field.kind) ? now : String(now);
  }

  // What a control shows -> a value for a configuration. A text that is no number goes as it is: the server says why not.
  function meant(field, raw) {
    if (typeof raw !== "string") return raw;
    const text = raw.trim();
    if (text === "" && field.kind !== "tags") return field.nullable ? null : text;
    if (field.kind === "optional_bool") return text === "true";
    if (field.kind === "duration") return pal.readDuration(text) ?? text;
    if (field.kind === "tags") return text.split(",").map((tag) => tag.trim()).filter(Boolean);
    if (["schedule", "number_or_auto"].includes(field.kind)) return Number.isFinite(Number(text)) ? Number(text) : text;
    if (!["json", "wrappers"].includes(field.kind)) return text;
    try {
      return JSON.parse(text);
    } catch {
      return raw;
    }
  }

  function at(config, path) {
    return path.split(".").reduce((part, name) => part?.[name], config);
  }

  // A label, a control and the place of its fault.
  function labelled(title, control, { unit = "" } = {}) {
    serial += 1;
    control.id ||= `fork-${serial}`;
    const fault = h("p", { class: "pal-field-fault", id: `${control.id}-fault`, role: "alert", hidden: true });
    control.setAttribute("aria-errormessage", fault.id);
    const label = h("label", { class: "pal-label", for: control.id, text: title });
    const node = h("div", { class: "pal-fork-part" }, h("span", {}, label, unit ? h("span", { class: "pal-unit", text: unit }) : null), control, fault);
    return { node, control, fault, label };
  }

  function blame({ control, fault }, text) {
    setText(fault, text);
    fault.hidden = text === "";
    pal.setAttr(control, "aria-invalid", text ? "true" : null);
  }

  class ForkDialog {
    constructor(run, { checkpoints, config, settings }) {
      Object.assign(this, { run, config });
      this.settings = settings.filter((field) => !field.fixed && !OWN.includes(field.path));
      this.checkpoints = checkpoints.sort((a, b) => b.step - a.step);
      this.rows = [];
      this.build(settings);
    }

    build(settings) {
      const options = this.checkpoints.map((each) => h("option", { value: String(each.step), text: checkpointText(each) }));
      this.step = labelled(pal.text("fork.from"), h("select", { class: "pal-input" }, ...options));
      this.buildLength(settings);
      this.list = h("div", { class: "pal-fork-rows" });
      const add = h("button", { class: "pal-button", type: "button", text: pal.text("fork.change") });
      add.addEventListener("click", () => this.addRow());
      this.name = labelled(pal.text("fork.name"), h("input", { class: "pal-input", type: "text", maxlength: "200", autocomplete: "off" }));
      this.trouble = h("p", { class: "pal-field-fault", role: "alert", hidden: true });
      this.go = h("button", { class: "pal-button pal-button-main", type: "submit", text: pal.text("fork.go") });
      const changes = h("fieldset", { class: "pal-fork-changes" }, h("legend", { text: pal.text("fork.changes") }), this.list, add);
      const cancel = h("button", { class: "pal-button", type: "button", text: pal.text("fork.cancel") });
      cancel.addEventListener("click", () => this.box.close());
      const buttons = h("div", { class: "pal-dialog-buttons" }, cancel, this.go);
      this.form = h("form", { class: "pal-fork", novalidate: true }, this.step.node, this.length.node, changes, this.name.node, this.trouble, buttons);
      this.form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.submit();
      });
      this.step.control.addEventListener("change", () => this.follow());
      this.length.control.addEventListener("input", () => (this.lengthTyped = true));
      this.follow();
    }

    // Runs are as long as a number of steps or as a time; here stands the one that this run has.
    buildLength(settings) {
      const path = known(at(this.config, LENGTHS[1])) ? LENGTHS[1] : LENGTHS[0];
      this.lengthField = settings.find((field) => field.path === path);
      const input = h("input", { class: "pal-input pal-figures", type: "text", inputmode: "decimal", autocomplete: "off" });
      this.length = labelled(this.lengthField.title, input, { unit: path === LENGTHS[0] ? pal.text("fork.in_all") : pal.text("fork.seconds_in_all") });
      this.lengthWas = at(this.config, path);
    }

    // What follows from the chosen checkpoint: how long the run has to be at least, and what it is called by itself.
    follow() {
      const step = Number(this.step.control.value);
      if (!this.lengthTyped) {
        const behind = this.lengthField.path === LENGTHS[0] && this.lengthWas <= step;
        this.length.control.value = pal.format.typed(behind ? 2 * step : this.lengthWas);
      }
      this.name.control.placeholder = `${pal.runs.title(this.run).replace(/ · from [\d,]+$/, "")} · from ${count(step)}`; // as the server calls it
    }

    addRow() {
      const row = new SettingRow(this.settings, this.config, () => {
        this.rows = this.rows.filter((one) => one !== row);
        this.form.querySelector(".pal-fork-changes > .pal-button").focus();
      }, () => this.rows.filter((one) => one !== row).map((one) => one.field?.path));
      this.rows.push(row);
      this.list.append(row.node);
      row.chooser.input.focus();
    }

    overrides() {
      const length = pal.readNumber(this.length.control.value, { whole: true });
      const wanted = { [this.lengthField.path]: length };
      for (const row of this.rows) wanted[row.field.path] = row.value;
      return wanted;
    }

    async submit() {
      const undecided = this.rows.find((row) => !row.field);
      if (undecided) {
        setText(this.trouble, pal.text("fork.undecided"));
        this.trouble.hidden = false;
        undecided.chooser.input.focus();
        return;
      }
      for (const part of [this.step, this.length, this.name, ...this.rows.map((row) => row.part)]) if (part) blame(part, "");
      this.trouble.hidden = true;
      this.go.disabled = true;
      setText(this.go, pal.text("fork.going"));
      try {
        const asked = { step: Number(this.step.control.value), overrides: this.overrides(), name: this.name.control.value.trim() || null };
        const fork = await pal.api.fork(this.run.id, asked);
        this.box.close();
        pal.openRun(fork.id);
      } catch (error) {
        this.refused(error);
      }
      this.go.disabled = false;
      setText(this.go, pal.text("fork.go"));
    }

    refused(error) {
      const rest = [];
      let first = null;
      for (const fault of error.details?.length ? error.details : [{ message: error.message }]) {
        const part = this.partOf(fault.field || "");
        if (part) blame(part, pal.faultText(fault));
        else rest.push([fault.field, pal.faultText(fault)].filter(Boolean).join(": "));
        first ||= part;
      }
      setText(this.trouble, rest.join(" "));
      this.trouble.hidden = rest.length === 0;
      if (first) first.control.focus();
    }

    partOf(path) {
      if (path === "step") return this.step;
      if (path === "name") return this.name;
      if (path === this.lengthField.path) return this.length;
      return this.rows.find((row) => row.field && (path === row.field.path || path.startsWith(`${row.field.path}.`)))?.part;
    }

    open() {
      this.box = pal.dialog(pal.text("fork.title", { run: pal.runs.title(this.run) }), this.form, { className: "pal-dialog-fork" });
      this.step.control.focus();
    }
  }

  // One setting that differs: which, what it is to be, and a button that takes the row away.
  class SettingRow {
    constructor(settings, config, onGone, taken) {
      Object.assign(this, { settings, config, taken });
      serial += 1;
      this.chooser = new pal.Combobox({
        id: `fork-setting-${serial}`,
        label: pal.text("fork.setting"),
        placeholder: pal.text("fork.search"),
        load: async () => this.groups(),
        choose: (path) => this.choose(path),
        empty: pal.text("fork.no_setting"),
      });
      this.place = h("div", { class: "pal-fork-value" });
      const gone = pal.toolButton("close", pal.text("fork.leave"), () => {
        this.node.remove();
        onGone();
      });
      this.node = h("div", { class: "pal-fork-row", role: "group", "aria-label": pal.text("fork.row") }, this.chooser.node, this.place, gone);
    }

    groups() {
      const taken = this.taken();
      const sections = new Map();
      for (const field of this.settings) {
        if (taken.includes(field.path)) continue;
        if (!sections.has(field.section)) sections.set(field.section, []);
        const now = shown(field, at(this.config, field.path));
        sections.get(field.section).push({ value: field.path, label: field.title, detail: pal.text("fork.now", { path: field.path, value: pal.showValue(field, now) }), search: `${field.help} ${field.english}` });
      }
      return [...sections].map(([name, entries]) => ({ title: this.settings.find((field) => field.section === name).section_title, entries }));
    }

    choose(path) {
      this.field = this.settings.find((field) => field.path === path);
      this.control = pal.controlFor(this.field);
      const now = at(this.config, path);
      this.control.write(shown(this.field, now === undefined ? this.field.default : now));
      const input = this.control.input || this.control.node;
      this.part = labelled(this.field.title, input, { unit: this.field.unit || "" });
      if (this.control.extra) this.part.node.append(this.control.extra);
      this.place.replaceChildren(this.part.node);
      pal.setTip(this.part.label, this.field.help);
      this.node.setAttribute("aria-label", this.field.title);
      input.focus();
    }

    get value() {
      return meant(this.field, this.control.read());
    }
  }

  function checkpointText(checkpoint) {
    const result = known(checkpoint.mean_return) ? pal.text("fork.mean_return", { value: value(checkpoint.mean_return) }) : null;
    return [pal.text("fork.step", { step: checkpoint.step }), pal.runs.checkpointKind(checkpoint), result, ago(checkpoint.created_at), bytes(checkpoint.size_bytes)].filter(Boolean).join(" · ");
  }

  async function fork(run) {
    try {
      const [found, config, settings] = await Promise.all([pal.api.checkpoints(run.id), pal.api.config(run.id), fields(run.algorithm)]);
      pal.settled(`fork ${run.id}`);
      const { checkpoints } = found;
      if (!checkpoints.length) pal.toast(pal.text("fork.no_checkpoint"), { key: `fork ${run.id}` });
      else new ForkDialog(run, { checkpoints, config, settings }).open();
    } catch (error) {
      pal.fail(error, pal.text("fork.failed", { run: pal.runs.title(run) }), `fork ${run.id}`);
    }
  }

  Object.assign(pal, { fork, controlText: shown, controlMeaning: meant });
})();
