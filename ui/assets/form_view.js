// The Train form on the page: sections that fold, basic fields first, advanced ones folded, faults beside their field.
//
// Always holds: a field that does not apply to the chosen algorithm is hidden, and so is a heading with nothing under it;
// what a closed fold hides is told in its heading: its main settings, whether any was changed, how many are at fault.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const SAID = 4; // settings that the heading of a closed section names

  // A fold that is found again as its reader left it. A search opens folds too, but only until it ends.
  function fold(name, className, open, heading, ...content) {
    const kept = pal.remembered.get("train-folds", {});
    const summary = h("summary", {}, ...heading, h("span", { class: "pal-dot", "aria-hidden": "true" }), h("span", { class: "pal-fold-faults" }));
    summary.addEventListener("click", () => pal.remembered.set("train-folds", { ...pal.remembered.get("train-folds", {}), [name]: !node.open }));
    const node = h("details", { class: className, open: kept[name] ?? open }, summary, ...content);
    return node;
  }

  class FormView {
    // ask(name, request): promise of the server's answer
    constructor(model, ask) {
      this.model = model;
      this.ask = ask;
      this.fields = new Map(); // key -> FormField
      this.unfit = {}; // algorithm -> why it cannot act in the environment
      this.root = h("div", { class: "pal-form" }, ...model.description.sections.map((section) => this.section(section)));
      new pal.FormHelp(this.root, (node) => this.fieldAt(node));
      model.on("values", (keys) => this.refresh(keys));
      model.on("preset", () => this.refreshAll());
      model.on("algorithm", () => this.refreshAll());
      model.on("faults", () => this.showFaults());
      model.on("review", ({ environment }) => this.showEnvironment(environment));
      model.on("values", (keys) => keys.includes("environment.id") && this.environment?.wait(model.values["environment.id"]));
      model.on("unreviewed", () => this.environment?.forsake(model.values["environment.id"]));
      model.on("review", ({ layers }) => this.wrappers?.reviewed(layers));
      this.mark();
    }

    section({ name, title, open }) {
      const fields = this.model.description.fields.filter((field) => field.section === name);
      const basic = h("div", { class: "pal-fields" }, ...fields.filter((field) => !field.advanced).map((field) => this.field(field)));
      const advanced = this.advanced(name, fields.filter((field) => field.advanced));
      const body = h("div", { class: "pal-section-body" }, basic, advanced);
      const node = fold(name, "pal-form-section", open, [h("h2", { text: title }), h("span", { class: "pal-section-line" })], body);
      node.dataset.section = name;
      return node;
    }

    advanced(section, fields) {
      if (!fields.length) return null;
      const groups = [...new Set(fields.map((field) => field.group))].map((group) => {
        const members = fields.filter((field) => field.group === group).map((field) => this.field(field));
        return h("div", { class: "pal-group" }, h("h3", { text: group }), h("div", { class: "pal-fields" }, ...members));
      });
      return fold(`${section}-advanced`, "pal-fold pal-advanced", false, [h("span", { class: "pal-fold-title", text: pal.text("form.advanced") })], h("div", { class: "pal-groups" }, ...groups));
    }

    field(field) {
      const made = new pal.FormField(this.model, field, this.specialControl(field));
      this.fields.set(field.key, made);
      return made.node;
    }

    specialControl(field) {
      if (field.control === "wrappers") return (this.wrappers = pal.wrappersControl(field, this.model.description.wrappers, this.forWrappers()));
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
      this.mark();
    }

    refreshAll() {
      for (const each of this.fields.values()) each.update();
      this.mark();
    }

    // What fields look like is told at once, what their folds tell of them once a frame however many have changed.
    mark() {
      this.markEmpty();
      cancelAnimationFrame(this.frame);
      this.frame = requestAnimationFrame(() => this.markFolds());
    }

    markEmpty() {
      const filled = (node) => node.querySelector(".pal-field:not([hidden]):not(.pal-miss)") !== null;
      for (const node of this.root.querySelectorAll(".pal-group, .pal-advanced, .pal-form-section")) node.hidden = !filled(node);
    }

    markFolds() {
      for (const node of this.folds()) {
        const shown = [...node.querySelectorAll(".pal-field:not([hidden])")];
        const faulty = shown.filter((field) => field.classList.contains("pal-faulty")).length;
        const part = (name) => node.querySelector(`:scope > summary > ${name}`);
        setText(part(".pal-fold-faults"), faulty === 0 ? "" : pal.text("form.faults", { count: faulty }));
        node.classList.toggle("pal-holds-change", shown.some((field) => field.classList.contains("pal-changed")));
        if (part(".pal-section-line")) setText(part(".pal-section-line"), this.settings(node.dataset.section));
        if (part(".pal-fold-title")) setText(part(".pal-fold-title"), pal.text("form.advanced_count", { count: shown.length }));
      }
    }

    // The main settings of a section in a line: "Every: 25,000 steps · Episodes: 5"; "off" where it is switched off.
    settings(section) {
      const { values } = this.model;
      const fields = this.model.applicable().filter((field) => field.section === section);
      const toggle = fields.find((field) => field.path === `${section}.enabled`);
      if (toggle && values[toggle.key] === false) return pal.text("form.off");
      const said = fields.filter(
        (field) => field !== toggle && (!field.advanced || this.model.differs(field.key)) && !["", "[]", null, false].includes(values[field.key]),
      );
      const words = said.map((field) => {
        if (field.kind === "bool") return field.title;
        const unit = field.unit ? ` ${field.unit}` : "";
        const title = unit && field.title.endsWith(unit) ? field.title.slice(0, -unit.length) : field.title;
        return `${title}: ${pal.showValue(field, values[field.key])}${title.toLowerCase().includes(field.unit) ? "" : unit}`;
      });
      return words.slice(0, SAID).join(" · ");
    }

    showFaults() {
      const [faults, advice] = [this.byField(this.model.faults), this.byField(this.model.advice)];
      for (const [key, each] of this.fields) each.showFaults(faults.get(key) || [], advice.get(key) || []);
      this.mark();
    }

    byField(remarks) {
      const found = new Map();
      for (const remark of remarks) {
        const key = this.model.fieldOf(remark)?.key;
        if (key) found.set(key, [...(found.get(key) || []), remark]);
      }
      return found;
    }

    // Put the cursor into the first field at fault; false when no fault has a field here.
    jump() {
      const field = this.model.faults.map((fault) => this.model.fieldOf(fault)).find(Boolean);
      if (field) this.reveal(field.key);
      return Boolean(field);
    }

    forWrappers() {
      return { turnOn: (path) => this.turnOn(path), mend: (fault) => pal.fixButton?.(this.model, fault) ?? null };
    }

    // Switch a setting on and show where that is.
    turnOn(path) {
      const { key } = this.applicable().find(({ field }) => field.path === path).field;
      this.model.set(key, true);
      this.reveal(key);
    }

    // What the server refused: faults stand beside their fields, and only what has no field becomes a message.
    refused(error, lead, key) {
      if (error.details?.length) this.model.setFaults(error.details);
      if (!error.details?.length || !this.jump()) pal.fail(error, lead, key);
      else pal.settled(key);
    }

    // Open whatever hides a field and put the cursor there.
    reveal(key) {
      this.search?.clear();
      const made = this.fields.get(key);
      for (let node = made.node.closest("details"); node; node = node.parentElement.closest("details")) node.open = true;
      made.focus();
    }

    // As above, and the field is marked for a moment.
    point(key) {
      this.reveal(key);
      const node = document.activeElement?.closest(".pal-field");
      node?.classList.add("pal-pointed");
      setTimeout(() => node?.classList.remove("pal-pointed"), 2000);
    }

    // What the server found out about the environment: facts below its field, algorithms that cannot act in it.
    showEnvironment(known) {
      this.environment?.showFacts(known, this.model.values["environment.id"]);
      this.unfit = known.unfit;
      this.algorithm?.showUnfit(known.unfit);
    }
  }

  pal.FormView = FormView;
})();
