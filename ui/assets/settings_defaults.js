// The reader's own defaults in Settings: what the file says, with a line to change or take back each, and one to add.
//
// Always holds: the file is read anew whenever the tab comes into view, so what was edited by hand is shown; only the
// server judges a value, and what it says stands beside the field with what was typed.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const WHERE = "api/settings/defaults";

  const keyOf = (field) => (field.algorithm ? `${field.algorithm}:${field.path}` : field.path);
  const ofWhom = (field) => (field.algorithm_label || field.section_title);

  class DefaultsEditor {
    constructor() {
      this.fields = null; // key -> field, once they were asked for
      this.path = h("code", { class: "pal-settings-path" });
      this.create = h("button", { class: "pal-button pal-button-main", type: "button", id: "defaults-create", text: pal.text("settings.defaults.create") });
      this.create.addEventListener("click", () => this.ask("POST", undefined, pal.text("settings.defaults.not_created")));
      const copy = pal.copyButton(() => this.path.textContent, pal.text("settings.defaults.copy_path"));
      this.faults = h("ul", { class: "pal-settings-faults", role: "alert" });
      this.rows = h("div", { class: "pal-defaults" });
      this.none = h("p", { class: "pal-settings-help", text: pal.text("settings.defaults.none") });
      this.combo = new pal.Combobox({
        id: "defaults-field",
        label: pal.text("settings.defaults.add"),
        placeholder: pal.text("settings.defaults.add"),
        load: async () => this.groups(),
        choose: (key) => this.open(key),
        empty: pal.text("settings.defaults.no_field"),
      });
      this.place = h("div", { class: "pal-defaults-editing" });
      this.body = h("div", { hidden: true }, this.faults, this.rows, this.none, h("div", { class: "pal-defaults-add" }, this.combo.node), this.place);
      this.node = h("div", {}, h("div", { class: "pal-settings-file" }, this.path, copy, this.create), this.body);
    }

    async read() {
      try {
        this.fields ??= new Map((await pal.api.fields("")).fields.map((field) => [keyOf(field), pal.saidField({ ...field, key: keyOf(field), initial: field.default })]));
        this.show(await pal.api.request("GET", WHERE));
        pal.settled("defaults");
      } catch (error) {
        pal.fail(error, pal.text("settings.defaults.unread"), "defaults");
      }
    }

    show({ path, exists, values, faults }) {
      setText(this.path, path);
      this.values = values;
      this.create.hidden = exists;
      this.body.hidden = !exists;
      this.faults.hidden = faults.length === 0;
      this.faults.replaceChildren(...faults.map((fault) => h("li", {}, h("code", { text: fault.field }), ` ${pal.faultText(fault)}`)));
      const rows = Object.entries(values).map(([key, value]) => this.row(this.fields.get(key), value)).filter(Boolean);
      // The row of what was taken back goes with its button: the next one's has the focus then, or the way to another.
      const focused = document.activeElement?.closest(".pal-defaults-row");
      const at = [...this.rows.children].indexOf(focused);
      const next = () => (this.rowOf(focused?.dataset.key) || this.rows.children[Math.min(at, rows.length - 1)])?.querySelector("button:last-of-type") || this.combo.input;
      pal.keepFocus(this.rows, () => this.rows.replaceChildren(...rows), next);
      this.none.hidden = rows.length > 0 || faults.length > 0;
    }

    rowOf(key) {
      return [...this.rows.children].find((row) => row.dataset.key === key);
    }

    row(field, value) {
      if (!field) return null;
      const change = pal.toolButton("edit", pal.text("settings.defaults.change", { title: field.title }), () => this.open(field.key));
      const remove = pal.toolButton("close", pal.text("settings.defaults.remove", { title: field.title }), () => this.remove(field));
      const title = h("span", { class: "pal-defaults-title" }, h("b", { text: field.title }), h("span", { text: ofWhom(field) }));
      pal.setTip(title, field.path);
      const shown = field.kind === "json" || field.kind === "wrappers" ? JSON.stringify(value) : pal.showValue(field, pal.controlText(field, value));
      return h("div", { class: "pal-defaults-row", data: { key: field.key } }, title, h("span", { class: "pal-figures", text: shown }), change, remove);
    }

    groups() {
      const groups = new Map();
      for (const field of this.fields.values()) {
        if (field.kind === "wrappers") continue; // a list with an editor of its own; in the file it can be written
        const title = ofWhom(field);
        if (!groups.has(title)) groups.set(title, []);
        const detail = field.algorithm ? `${field.algorithm} ${field.path.replace("algorithm.", "")}` : field.path;
        groups.get(title).push({ value: field.key, label: field.title, detail, search: `${field.help} ${field.english}` });
      }
      return [...groups].map(([title, entries]) => ({ title, entries }));
    }

    // The control of one setting, with what the file says or the program's own default in it.
    open(key) {
      const field = this.fields.get(key);
      const control = pal.controlFor(field);
      control.write(pal.controlText(field, key in this.values ? this.values[key] : field.default));
      const input = control.input || control.node;
      input.id ||= "defaults-value";
      const fault = h("p", { class: "pal-field-fault", role: "alert", hidden: true });
      const save = h("button", { class: "pal-button pal-button-main", type: "submit", text: pal.text("settings.defaults.save") });
      const cancel = h("button", { class: "pal-button", type: "button", text: pal.text("settings.defaults.cancel") });
      const label = h("label", { class: "pal-label", for: input.id, text: `${field.title} · ${ofWhom(field)}` });
      const help = h("p", { class: "pal-settings-help", text: field.help });
      const form = h("form", { class: "pal-defaults-form", novalidate: true }, label, help, control.node, control.extra || null, fault, h("div", { class: "pal-dialog-buttons" }, cancel, save));
      cancel.addEventListener("click", () => this.close());
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        try {
          this.show(await pal.api.request("PATCH", WHERE, { body: { key, value: pal.controlMeaning(field, control.read()) } }));
          this.close();
        } catch (error) {
          setText(fault, error.details?.length ? error.details.map(pal.faultText).join(" ") : error.message);
          fault.hidden = false;
          input.focus();
        }
      });
      this.place.replaceChildren(form);
      this.combo.show("");
      input.focus();
    }

    close() {
      this.place.replaceChildren();
      this.combo.input.focus();
    }

    remove(field) {
      return this.ask("PATCH", { key: field.key, remove: true }, pal.text("settings.defaults.not_changed"));
    }

    async ask(method, body, lead) {
      try {
        this.show(await pal.api.request(method, WHERE, { body }));
        pal.settled("defaults");
      } catch (error) {
        pal.fail(error, lead, "defaults");
      }
    }
  }

  pal.DefaultsEditor = DefaultsEditor;
})();
