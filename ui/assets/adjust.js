// Length and style: what each would change, field by field with its reason, before anything is changed.
//
// Always holds: the server works the changes out from the form as it is and the preset it began with; only what is
// ticked is applied, and that can be undone.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;
  const LENGTHS = ["quick", "standard", "long"];
  const STYLES = ["balanced", "explore", "exploit", "fast", "stable"];

  class AdjustDialog {
    // change(values): applies {key: value}; refused(error): what to do with a form that has faults
    constructor({ model, ask, change, refused }) {
      Object.assign(this, { model, ask, change, refused, chosen: { length: null, style: null }, asking: 0 });
      this.opened = this.open(); // ends when the dialog stands there, or when that was refused
    }

    async open() {
      try {
        this.chosen = await this.asked({});
      } catch (error) {
        this.refused(error);
        return;
      }
      this.list = h("div", { class: "pal-adjust-list", "aria-live": "polite" });
      this.apply = h("button", { type: "submit", class: "pal-button pal-button-main", id: "adjust-apply", text: pal.text("presets.apply") });
      const cancel = h("button", { type: "button", class: "pal-button", text: pal.text("presets.cancel") });
      const choices = h("div", { class: "pal-adjust-choices" }, this.choices("length", LENGTHS), this.choices("style", STYLES));
      const form = h("form", { class: "pal-adjust" }, choices, this.list, h("div", { class: "pal-adjust-foot" }, cancel, this.apply));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.take();
      });
      this.box = pal.dialog(pal.text("presets.adjust_title"), form, { className: "pal-dialog-wide" });
      cancel.addEventListener("click", () => this.box.close());
      this.show([]);
      form.querySelector("input:checked, input")?.focus();
    }

    choices(kind, names) {
      const title = pal.text(`presets.${kind}`);
      const about = h("p", { class: "pal-adjust-about", id: `adjust-${kind}-about` });
      const say = () => pal.setText(about, this.chosen[kind] ? pal.text(`presets.${kind}.${this.chosen[kind]}.about`) : pal.text("presets.by_hand"));
      const segments = names.map((name) => {
        const input = h("input", { type: "radio", name: `adjust-${kind}`, value: name, id: `adjust-${name}`, class: "pal-sr-only" });
        input.checked = this.chosen[kind] === name;
        const label = h("label", { class: "pal-segment", for: input.id }, input, h("span", { text: pal.text(`presets.${kind}.${name}`) }));
        label.classList.toggle("pal-chosen", input.checked);
        input.addEventListener("change", () => {
          this.chosen = { ...this.chosen, [kind]: name };
          for (const each of segments) each.classList.toggle("pal-chosen", each === label);
          say();
          this.work();
        });
        return label;
      });
      say();
      return h("div", { class: "pal-adjust-choice" }, h("h3", { text: title }), h("div", { class: "pal-segments", role: "radiogroup", "aria-label": title, "aria-describedby": about.id }, ...segments), about);
    }

    asked(chosen) {
      const baseline = { preset: null, values: { ...this.model.baseline, "algorithm.name": this.model.values["algorithm.name"] } };
      return this.ask("adjust_preset", { filled: this.model.filled(), baseline, ...chosen });
    }

    // Only the newest question's answer is shown, and until it has come nothing can be applied.
    async work() {
      this.asking += 1;
      const asking = this.asking;
      this.apply.disabled = true;
      try {
        const { changes } = await this.asked({ length: this.chosen.length, style: this.chosen.style });
        if (asking === this.asking) this.show(changes);
      } catch (error) {
        if (asking !== this.asking || !this.box.open) return;
        this.box.close();
        this.refused(error);
      }
    }

    show(changes) {
      this.rows = changes.map((change) => ({ ...change, field: this.model.fields.get(change.key) })).filter(({ field }) => field);
      const nodes = this.rows.map((row) => this.row(row));
      const nothing = h("p", { class: "pal-adjust-none", text: pal.text("presets.no_changes") });
      this.list.replaceChildren(...(nodes.length ? nodes : [nothing]));
      this.ready();
    }

    row(row) {
      const { field } = row;
      row.box = h("input", { type: "checkbox", id: `adjust-take-${field.key}` });
      row.box.checked = true;
      row.box.addEventListener("change", () => this.ready());
      const section = this.model.description.sections.find(({ name }) => name === field.section)?.title;
      const title = h("span", { class: "pal-adjust-field" }, h("span", { class: "pal-adjust-section", text: section || "" }), h("span", { text: field.title }));
      const values = h("span", { class: "pal-adjust-values" }, h("span", { class: "pal-adjust-before", text: pal.showValue(field, row.before) }), h("span", { "aria-hidden": "true", text: "→" }), h("b", { text: pal.showValue(field, row.after) }));
      return h("label", { class: "pal-adjust-row", for: row.box.id }, row.box, title, values, h("span", { class: "pal-adjust-why", text: pal.said(row.why) }));
    }

    ready() {
      const count = this.rows.filter(({ box }) => box.checked).length;
      this.apply.disabled = count === 0;
      pal.setText(this.apply, count ? pal.text("presets.apply_count", { count }) : pal.text("presets.apply"));
    }

    take() {
      const ticked = this.rows.filter(({ box }) => box.checked);
      if (!ticked.length) return;
      this.box.close();
      this.change(Object.fromEntries(ticked.map(({ key, after }) => [key, after])));
    }
  }

  pal.AdjustDialog = AdjustDialog;
})();
