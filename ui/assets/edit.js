// Edit live: the settings of a run that may change while it lives, in a dialog, and its past edits as marks.
//
// Always holds: only what was changed is sent, and the server alone decides; what it says against a value stands beside
// the field, and the dialog stays open with everything that was typed.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const ARROW = "\u2192";
  let known = []; // descriptions of all live settings, from ui/components/form.py

  // The value at a dotted path, or undefined where this configuration has no such setting.
  function find(config, path) {
    return path.split(".").reduce((node, name) => (node === null || node === undefined ? undefined : node[name]), config);
  }

  function shown(field, value) {
    if (value === null) return field?.none_label || pal.text("edit.none");
    return field ? pal.showValue(field, value) : JSON.stringify(value);
  }

  // Between a configuration's value and what a control holds.
  function toControl(field, value) {
    if (["int", "float"].includes(field.kind)) return value;
    return value === null ? "" : String(value);
  }

  function fromControl(field, value) {
    if (value === "" || value === null) return null;
    const number = Number(value);
    return typeof value === "string" && ["schedule", "number_or_auto"].includes(field.kind) && Number.isFinite(number) ? number : value;
  }

  // The settings that this run has and that would change something in it.
  function fieldsOf(config) {
    return known.filter((field) => {
      const mine = !field.algorithm || field.algorithm === config.algorithm.name;
      return mine && find(config, field.path) !== undefined && config[field.section]?.enabled !== false;
    });
  }

  // What the fields of the dialog hold; the part of a FormModel that a FormField needs.
  class Draft {
    constructor(fields, onChange) {
      this.fields = new Map(fields.map((field) => [field.key, field]));
      this.baseline = Object.fromEntries(fields.map((field) => [field.key, field.initial]));
      this.values = { ...this.baseline };
      this.onChange = onChange;
    }

    set(key, value) {
      this.values[key] = value;
      this.onChange(key);
    }

    revert(key) {
      this.set(key, this.baseline[key]);
    }

    // Several values at once, as the button of a fix gives them.
    assign(values) {
      for (const [key, value] of Object.entries(values)) this.set(key, value);
    }

    applicable() {
      return [...this.fields.values()];
    }

    applies() {
      return true;
    }

    differs(key) {
      const field = this.fields.get(key);
      return pal.meaning(field, this.values[key]) !== pal.meaning(field, this.baseline[key]);
    }

    // {path: value} of what was changed.
    overrides() {
      const changed = [...this.fields.values()].filter((field) => this.differs(field.key));
      return Object.fromEntries(changed.map((field) => [field.path, fromControl(field, this.values[field.key])]));
    }
  }

  function when(run) {
    if (run.status === "queued") return pal.text("edit.queued");
    if (run.status === "paused") return pal.text("edit.paused");
    return pal.text("edit.running");
  }

  class EditDialog {
    constructor(run, config) {
      this.run = run;
      const fields = fieldsOf(config).map((field) => ({
        ...field,
        key: `edit:${field.key}`, // the Train form has a field of the plain key
        initial: toControl(field, find(config, field.path)),
      }));
      this.draft = new Draft(fields, (key) => this.changed(key));
      this.fields = new Map(fields.map((field) => [field.key, new pal.FormField(this.draft, field)]));
      const rows = [...this.fields.values()].map((made) => {
        made.node.append(h("p", { class: "pal-edit-help", "aria-hidden": "true", text: made.field.help }));
        return made.node;
      });
      this.refusal = h("p", { class: "pal-edit-refusal", role: "alert", hidden: true });
      this.apply = h("button", { class: "pal-button pal-button-main", type: "submit", text: pal.text("edit.apply") });
      const cancel = h("button", { class: "pal-button", type: "button", text: pal.text("edit.cancel") });
      const foot = h("div", { class: "pal-edit-foot" }, h("p", { class: "pal-edit-when", text: when(run) }), cancel, this.apply);
      const body = h("div", { class: "pal-edit-body" }, h("div", { class: "pal-edit-fields" }, ...rows), history(config.history));
      const form = h("form", { class: "pal-edit", novalidate: true }, body, this.refusal, foot);
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.send();
      });
      this.box = pal.dialog(pal.text("edit.title", { run: pal.runs.title(run) }), form, { className: "pal-dialog-edit" });
      cancel.addEventListener("click", () => this.box.close());
      this.ready();
      [...this.fields.values()][0]?.focus();
    }

    changed(key) {
      const made = this.fields.get(key);
      made.update();
      made.showFaults([], []);
      this.ready();
    }

    ready() {
      this.apply.disabled = this.busy || Object.keys(this.draft.overrides()).length === 0;
    }

    async send() {
      if (this.apply.disabled) return;
      const overrides = this.draft.overrides();
      this.busy = true;
      this.refusal.hidden = true;
      this.ready();
      try {
        await pal.api.edit(this.run.id, overrides);
        pal.settled(`edit ${this.run.id}`);
        this.box.close();
        pal.toast(pal.text("edit.done", { run: pal.runs.title(this.run), changes: this.told(overrides), when: when(this.run) }), { kind: "success", key: `edit ${this.run.id}` });
        pal.pollNow();
      } catch (error) {
        this.busy = false;
        this.refused(error);
        this.ready();
      }
    }

    told(overrides) {
      const changed = [...this.fields.values()].map(({ field }) => field).filter((field) => field.path in overrides);
      const before = (field) => shown(field, field.initial === "" ? null : field.initial);
      return changed.map((field) => `${field.title.toLowerCase()} ${before(field)} ${ARROW} ${shown(field, overrides[field.path])}`).join(", ");
    }

    refused(error) {
      let first = null;
      const rest = [];
      const byField = new Map();
      for (const fault of error.details || []) {
        const made = [...this.fields.values()].find(({ field }) => field.path === fault.field);
        if (made) byField.set(made, [...(byField.get(made) || []), fault]);
        else rest.push(pal.faultText(fault));
      }
      for (const made of this.fields.values()) {
        made.showFaults(byField.get(made) || [], []);
        if (byField.has(made)) first ||= made;
      }
      setText(this.refusal, rest.join(" ") || (first ? "" : error.message));
      this.refusal.hidden = this.refusal.textContent === "";
      first?.focus();
    }
  }

  // What was edited before, for those who want it as words.
  function history(edits) {
    if (!edits.length) return null;
    const row = (edit) => h("li", {}, h("b", { text: pal.text("edit.step", { step: edit.step }) }), ` ${words(edit.changes)}, ${pal.format.ago(edit.time)}`);
    const summary = h("summary", { text: pal.text("edit.history", { count: edits.length }) });
    return h("details", { class: "pal-edit-history" }, summary, h("ul", {}, ...edits.map(row).reverse()));
  }

  function words(changes) {
    const one = ([path, [before, after]]) => {
      const field = known.find((each) => each.path === path);
      const title = field ? field.title.toLowerCase() : path;
      return `${title} ${shown(field, before)} ${ARROW} ${shown(field, after)}`;
    };
    return Object.entries(changes).map(one).join(", ");
  }

  async function editRun(run) {
    try {
      const config = await pal.api.config(run.id);
      pal.settled(`edit ${run.id}`);
      new EditDialog(run, config);
    } catch (error) {
      pal.fail(error, pal.text("edit.unreadable", { run: pal.runs.title(run) }), `edit ${run.id}`);
    }
  }

  // The edits of a run as marks of its charts.
  async function editMarks(run) {
    const { history: edits } = await pal.api.config(run.id);
    return edits.map((edit) => ({ step: edit.step, text: words(edit.changes), icon: "edit" }));
  }

  Object.assign(pal, { editRun, editMarks, knowLiveFields: (fields) => (known = fields.map(pal.saidField)) });
})();
