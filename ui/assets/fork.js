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
      const asked = pal.api.fields(algorithm).then((answer) => answer.fields.map((field) => ({ ...field, key: field.path, initial: shown(field, field.default) })));
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
    return typeof now === "number" && ["int", "float"].includes(field.kind) ? now : String(now);
  }

  // What a control shows -> a value for a configuration. A text that is no number goes as it is: the server says why not.
  function meant(field, raw) {
    if (typeof raw !== "string") return raw;
    const text = raw.trim();
    if (text === "" && field.kind !== "tags") return field.nullable ? null : text;
    if (field.kind === "optional_bool") return text === "true";
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
      this.step = labelled("Go on from", h("select", { class: "pal-input" }, ...options));
      this.buildLength(settings);
      this.list = h("div", { class: "pal-fork-rows" });
      const add = h("button", { class: "pal-button", type: "button", text: "Change a setting" });
      add.addEventListener("click", () => this.addRow());
      this.name = labelled("Name", h("input", { class: "pal-input", type: "text", maxlength: "200", autocomplete: "off" }));
      this.trouble = h("p", { class: "pal-field-fault", role: "alert", hidden: true });
      this.go = h("button", { class: "pal-button pal-button-main", type: "submit", text: "Fork and start" });
      const changes = h("fieldset", { class: "pal-fork-changes" }, h("legend", { text: "Settings that differ" }), this.list, add);
      const cancel = h("button", { class: "pal-button", type: "button", text: "Cancel" });
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
      this.length = labelled(this.lengthField.title, input, { unit: path === LENGTHS[0] ? "in all" : "s in all" });
      this.lengthWas = at(this.config, path);
    }

    // What follows from the chosen checkpoint: how long the run has to be at least, and what it is called by itself.
    follow() {
      const step = Number(this.step.control.value);
      if (!this.lengthTyped) {
        const behind = this.lengthField.path === LENGTHS[0] && this.lengthWas <= step;
        this.length.control.value = count(behind ? 2 * step : this.lengthWas);
      }
      this.name.control.placeholder = `${pal.runs.title(this.run).replace(/ · from [\d,]+$/, "")} · from ${count(step)}`;
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
      const length = pal.readNumber(this.length.control.value);
      const wanted = { [this.lengthField.path]: length };
      for (const row of this.rows) wanted[row.field.path] = row.value;
      return wanted;
    }

    async submit() {
      const undecided = this.rows.find((row) => !row.field);
      if (undecided) {
        setText(this.trouble, "Choose which setting is to differ, or take its line away.");
        this.trouble.hidden = false;
        undecided.chooser.input.focus();
        return;
      }
      for (const part of [this.step, this.length, this.name, ...this.rows.map((row) => row.part)]) if (part) blame(part, "");
      this.trouble.hidden = true;
      this.go.disabled = true;
      setText(this.go, "Forking…");
      try {
        const asked = { step: Number(this.step.control.value), overrides: this.overrides(), name: this.name.control.value.trim() || null };
        const fork = await pal.api.fork(this.run.id, asked);
        this.box.close();
        pal.openRun(fork.id);
      } catch (error) {
        this.refused(error);
      }
      this.go.disabled = false;
      setText(this.go, "Fork and start");
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
      this.box = pal.dialog(`Fork ${pal.runs.title(this.run)}`, this.form, { className: "pal-dialog-fork" });
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
        label: "Setting",
        placeholder: "Search settings",
        load: async () => this.groups(),
        choose: (path) => this.choose(path),
        empty: "No such setting can differ at a fork.",
      });
      this.place = h("div", { class: "pal-fork-value" });
      const gone = pal.toolButton("close", "Leave this setting as it is", () => {
        this.node.remove();
        onGone();
      });
      this.node = h("div", { class: "pal-fork-row", role: "group", "aria-label": "A setting that differs" }, this.chooser.node, this.place, gone);
    }

    groups() {
      const taken = this.taken();
      const sections = new Map();
      for (const field of this.settings) {
        if (taken.includes(field.path)) continue;
        if (!sections.has(field.section)) sections.set(field.section, []);
        const now = shown(field, at(this.config, field.path));
        sections.get(field.section).push({ value: field.path, label: field.title, detail: `${field.path} · now ${pal.showValue(field, now)}`, search: field.help });
      }
      return [...sections].map(([name, entries]) => ({ title: name === "run" ? "Notes" : name[0].toUpperCase() + name.slice(1), entries }));
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
    const result = known(checkpoint.mean_return) ? `mean return ${value(checkpoint.mean_return)}` : null;
    return [`Step ${count(checkpoint.step)}`, checkpoint.kind, result, ago(checkpoint.created_at), bytes(checkpoint.size_bytes)].filter(Boolean).join(" · ");
  }

  async function fork(run) {
    try {
      const [found, config, settings] = await Promise.all([pal.api.checkpoints(run.id), pal.api.config(run.id), fields(run.algorithm)]);
      pal.settled(`fork ${run.id}`);
      const { checkpoints } = found;
      if (!checkpoints.length) pal.toast("The run has no checkpoint yet. One is written at its next interval, and when it is stopped.", { key: `fork ${run.id}` });
      else new ForkDialog(run, { checkpoints, config, settings }).open();
    } catch (error) {
      pal.fail(error, `Could not open the fork of ${pal.runs.title(run)}`, `fork ${run.id}`);
    }
  }

  pal.fork = fork;
})();
