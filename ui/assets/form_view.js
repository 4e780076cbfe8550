// The Train form on the page: sections that fold, basic fields first, advanced ones folded, faults beside their field.
//
// Always holds: a field that does not apply to the chosen algorithm is hidden, and so is a heading with nothing under it.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;

  class FormView {
    // ask(name, request): promise of the server's answer
    constructor(model, ask) {
      this.model = model;
      this.ask = ask;
      this.fields = new Map(); // key -> FormField
      this.root = h("div", { class: "pal-form" }, ...model.description.sections.map((section) => this.section(section)));
      new pal.FormHelp(this.root, (node) => this.fieldAt(node));
      model.on("values", (keys) => this.refresh(keys));
      model.on("preset", () => this.refreshAll());
      model.on("algorithm", () => this.refreshAll());
      model.on("faults", (faults) => this.showFaults(faults));
      this.markEmpty();
    }

    section({ name, title, open }) {
      const fields = this.model.description.fields.filter((field) => field.section === name);
      const basic = h("div", { class: "pal-fields" }, ...fields.filter((field) => !field.advanced).map((field) => this.field(field)));
      const advanced = this.advanced(fields.filter((field) => field.advanced));
      const body = h("div", { class: "pal-section-body" }, basic, advanced);
      const count = h("span", { class: "pal-section-faults", hidden: true });
      return h("details", { class: "pal-section", open, data: { section: name } }, h("summary", {}, h("h2", { text: title }), count), body);
    }

    advanced(fields) {
      if (!fields.length) return null;
      const groups = [...new Set(fields.map((field) => field.group))].map((group) => {
        const members = fields.filter((field) => field.group === group).map((field) => this.field(field));
        return h("div", { class: "pal-group" }, h("h3", { text: group }), h("div", { class: "pal-fields" }, ...members));
      });
      return h("details", { class: "pal-fold pal-advanced" }, h("summary", { text: "Advanced" }), ...groups);
    }

    field(field) {
      const made = new pal.FormField(this.model, field, this.specialControl(field));
      this.fields.set(field.key, made);
      return made.node;
    }

    specialControl(field) {
      if (field.control === "environment") return (this.environment = pal.environmentControl(field, this.ask));
      if (field.control === "algorithm") return (this.algorithm = pal.algorithmControl(this.model.description.algorithms));
      return undefined;
    }

    fieldAt(node) {
      const box = node.closest?.(".pal-field");
      return box ? this.fields.get(box.dataset.key) || null : null;
    }

    folds() {
      return [...this.root.querySelectorAll("details")];
    }

    applicable() {
      return [...this.fields.values()].filter(({ field }) => this.model.applies(field));
    }

    refresh(keys) {
      const changed = new Set(keys);
      for (const [key, each] of this.fields) {
        if (changed.has(key) || (each.field.when && changed.has(each.field.when.key))) each.update();
      }
      this.markEmpty();
    }

    refreshAll() {
      for (const each of this.fields.values()) each.update();
      this.markEmpty();
    }

    markEmpty() {
      const filled = (node) => node.querySelector(".pal-field:not([hidden]):not(.pal-miss)") !== null;
      for (const node of this.root.querySelectorAll(".pal-group, .pal-advanced, .pal-section")) node.hidden = !filled(node);
    }

    showFaults(faults) {
      const byField = new Map();
      for (const fault of faults) {
        const field = this.model.fieldOf(fault);
        if (field) byField.set(field.key, [...(byField.get(field.key) || []), fault]);
      }
      for (const [key, each] of this.fields) each.showFaults(byField.get(key) || []);
      for (const section of this.root.querySelectorAll(".pal-section")) {
        const count = section.querySelectorAll(".pal-faulty:not([hidden])").length;
        const badge = section.querySelector(".pal-section-faults");
        badge.hidden = count === 0;
        pal.setText(badge, count === 1 ? "1 fault" : `${count} faults`);
      }
    }

    // Open whatever hides a fault's field and put the cursor there; false when the fault has no field here.
    jump(fault) {
      const field = this.model.fieldOf(fault);
      if (!field) return false;
      const made = this.fields.get(field.key);
      for (let node = made.node.closest("details"); node; node = node.parentElement.closest("details")) node.open = true;
      made.focus();
      return true;
    }

    // What the server found out about the environment: facts below its field, algorithms that cannot act in it.
    showEnvironment(known) {
      this.environment?.showFacts(known, this.model.values["environment.id"]);
      this.algorithm?.showUnfit(known.unfit);
    }
  }

  pal.FormView = FormView;
})();
