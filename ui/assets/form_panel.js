// What stands over the action bar when it is asked for: every fault and every remark, section by section, each a way to
// its field, with its fix where one is known; and what the run will take, part by part, and how well that is known.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;
  const LONGEST_VALUE = 24; // letters that a fix's button quotes

  // Gives each value of a fix to its field, as if it had been typed.
  function applyFix(model, fix) {
    const values = {};
    // Another algorithm comes first: the settings named beside it are its own.
    if (fix["algorithm.name"] !== undefined) model.set("algorithm.name", fix["algorithm.name"]);
    for (const [path, value] of Object.entries(fix)) {
      const field = model.applicable().find((each) => each.path === path);
      if (field) values[field.key] = pal.controlText(field, value);
    }
    model.assign(values);
  }

  // What pressing the button of a fix does: "Set Batch size to 512", "Choose SAC", "Turn off Normalise observations".
  function fixWords(model, fix) {
    const [path, value] = Object.entries(fix)[0];
    if (path === "algorithm.name") return pal.text("check.fix.choose", { value: model.description.algorithms.find(({ name }) => name === value)?.label ?? value });
    const field = model.applicable().find((each) => each.path === path);
    if (!field) return null;
    if (field.kind === "bool") return pal.text(value ? "check.fix.on" : "check.fix.off", { field: field.title });
    const empty = value === null || value === "" || (typeof value === "object" && !Object.keys(value).length);
    if (empty) return pal.text("check.fix.empty", { field: field.title });
    const words = pal.showValue(field, pal.controlText(field, value));
    return words.length > LONGEST_VALUE ? pal.text("check.fix.change", { field: field.title }) : pal.text("check.fix.set", { field: field.title, value: words });
  }

  function fixButton(model, fault) {
    const words = fault.fix ? fixWords(model, fault.fix) : null;
    if (!words) return null;
    const node = h("button", { type: "button", class: "pal-button pal-fix", text: words });
    node.addEventListener("click", () => applyFix(model, fault.fix));
    return node;
  }

  class ChecksPanel {
    // view: the FormView, for going to a field
    constructor(model, view) {
      Object.assign(this, { model, view, estimates: null, obstacles: [] });
      this.remarks = h("div", { class: "pal-checks-remarks" });
      this.takes = h("div", { class: "pal-checks-takes" });
      this.node = h("div", { class: "pal-checks", id: "checks", role: "region", "aria-label": pal.text("check.panel"), hidden: true }, this.remarks, this.takes);
      this.toggle = h("button", { type: "button", class: "pal-button pal-checks-toggle", id: "checks-toggle", "aria-expanded": "false", "aria-controls": "checks" }, h("span", { class: "pal-checks-arrow", "aria-hidden": "true" }), h("span", { text: pal.text("check.details") }));
      pal.setTip(this.toggle, pal.text("check.details_tip"));
      this.toggle.addEventListener("click", () => this.open(this.node.hidden));
      for (const part of [this.node, this.toggle]) part.addEventListener("keydown", (event) => event.key === "Escape" && this.leave());
      model.on("faults", () => this.show());
      model.on("review", (answer) => {
        this.estimates = answer.estimates;
        this.obstacles = answer.start?.obstacles ?? [];
        this.show();
      });
    }

    open(wanted) {
      this.node.hidden = !wanted;
      this.toggle.setAttribute("aria-expanded", String(wanted));
      if (wanted) this.show();
    }

    leave() {
      if (this.node.hidden) return;
      this.open(false);
      if (this.toggle.offsetParent) this.toggle.focus();
    }

    // Nothing is drawn that nobody sees.
    show() {
      if (this.node.hidden) return;
      // A press on a fix removes its row; the focus must not fall out of the panel with it.
      const within = this.node.contains(document.activeElement);
      this.remarks.replaceChildren(...this.drawnRemarks());
      this.takes.replaceChildren(...this.drawnEstimates());
      if (within && !this.node.contains(document.activeElement)) (this.remarks.querySelector("button") || this.toggle).focus();
    }

    drawnRemarks() {
      const { faults, advice } = this.model;
      const parts = [];
      if (this.obstacles.length) parts.push(h("ul", { class: "pal-checks-list" }, ...this.obstacles.map((text) => h("li", { class: "pal-check pal-check-fault", text: pal.said(text) }))));
      if (!faults.length && !advice.length && !this.obstacles.length) parts.push(h("p", { class: "pal-checks-none", text: pal.text("check.nothing") }));
      parts.push(...this.bySection(faults, "fault"), ...this.bySection(advice, "advice"));
      return parts;
    }

    bySection(remarks, kind) {
      if (!remarks.length) return [];
      const groups = new Map();
      for (const remark of remarks) {
        const section = this.model.fieldOf(remark)?.section ?? "";
        groups.set(section, [...(groups.get(section) || []), remark]);
      }
      const title = (name) => this.model.description.sections.find((section) => section.name === name)?.title ?? "";
      const lists = [...groups].map(([section, members]) =>
        h("div", { class: "pal-checks-section" }, title(section) ? h("h4", { text: pal.said(title(section)) }) : null, h("ul", { class: "pal-checks-list" }, ...members.map((remark) => this.row(remark, kind)))),
      );
      return [h("h3", { text: pal.text(kind === "fault" ? "check.faults" : "check.advice", { count: remarks.length }) }), ...lists];
    }

    row(remark, kind) {
      const field = this.model.fieldOf(remark);
      const words = h("span", { class: "pal-check-words", text: pal.faultText(remark) });
      const link = field ? h("button", { type: "button", class: "pal-linkbutton pal-check-field", text: field.title }) : null;
      link?.addEventListener("click", () => this.view.reveal(field.key));
      return h("li", { class: `pal-check pal-check-${kind}`, data: { field: remark.field } }, h("span", {}, link, link ? " " : null, words), fixButton(this.model, remark));
    }

    drawnEstimates() {
      const heading = h("h3", { text: pal.text("check.takes") });
      if (!this.estimates) return [heading, h("p", { class: "pal-checks-none", text: pal.text("check.no_estimates") })];
      const { memory, time, disk } = this.estimates;
      return [heading, this.amount("memory", memory), this.time(time), this.amount("disk", disk)];
    }

    amount(name, { bytes, complete, free, parts }) {
      const size = pal.format.bytes(bytes);
      const sum = pal.text(complete ? "check.about" : "check.at_least_size", { size });
      const left = free === null ? "" : pal.text("check.free", { size: pal.format.bytes(free) });
      const rows = parts.map((part) =>
        h("tr", {}, h("th", { scope: "row", text: pal.text(`check.part.${part.name}`) }), h("td", { class: "pal-check-size", text: part.bytes === null ? pal.text("check.unknown") : pal.format.bytes(part.bytes) }), h("td", { text: pal.said(part.about) })),
      );
      const over = free !== null && bytes > free;
      return h("div", { class: "pal-take", data: { take: name } }, h("p", { class: over ? "pal-take-sum pal-take-over" : "pal-take-sum" }, h("strong", { text: pal.text(`check.${name}`) }), ` ${sum}`, h("span", { class: "pal-take-free", text: left })), h("table", {}, h("tbody", {}, ...rows)));
    }

    time(time) {
      const { steps_per_second: speed, basis, about } = time;
      const sum = this.length(time) ?? pal.text("check.unknown");
      const at = speed === null ? "" : pal.text("check.at_speed", { speed: pal.format.count(Math.round(speed)) });
      const how = h("p", { class: "pal-take-how" }, h("span", { class: "pal-basis", text: pal.text(`check.basis.${basis}`) }), ` ${pal.said(about)}`);
      return h("div", { class: "pal-take", data: { take: "time" } }, h("p", { class: "pal-take-sum" }, h("strong", { text: pal.text("check.time") }), ` ${sum}`, h("span", { class: "pal-take-free", text: at })), how);
    }

    // How long it takes, in words as sure as the number; null when nobody knows.
    length({ timed, seconds, basis }) {
      if (seconds === null) return null;
      if (timed) return pal.showDuration(seconds);
      return pal.text(basis === "rough" ? "check.roughly" : "check.about", { size: pal.roughDuration(seconds) });
    }

    // The estimates in a line: "1.9 GB RAM, about 2 h 10 min, 0.6 GB disk".
    line() {
      if (!this.estimates) return "";
      const { memory, time, disk } = this.estimates;
      return pal.text("check.line", { memory: pal.format.bytes(memory.bytes), time: this.length(time) ?? pal.text("check.line.no_time"), disk: pal.format.bytes(disk.bytes) });
    }
  }

  Object.assign(pal, { ChecksPanel, fixButton });
})();
