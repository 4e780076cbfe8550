// One field of the Train form: label, unit, control, the dot and arrow of a change, help on hover, fault below.
//
// Always holds: what a control shows and what the model holds are the same value. A text that is no number stays
// as it was typed and goes to the server, whose fault then names it. An emptied field takes its default again where
// empty is no value of its own.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;

  const PATIENCE = 900; // ms without a key, after which a text counts as typed

  const idOf = (key) => key.replace(/[^A-Za-z0-9_]+/g, "-");

  function showNumber(value) {
    if (value === null || value === undefined) return "";
    if (Number.isInteger(value) && Math.abs(value) >= 1000 && Math.abs(value) < 1e15) return pal.format.typed(value);
    return String(value);
  }

  function textControl(field, { number = false, lines = 1, list = null } = {}) {
    const json = field.kind === "json";
    const shared = {
      class: lines > 1 || json ? "pal-input pal-area" : "pal-input",
      placeholder: placeholder(field),
      spellcheck: field.kind === "multiline" ? null : "false",
      autocomplete: "off",
    };
    const area = lines > 1 || json;
    const node = area
      ? h("textarea", { ...shared, rows: lines })
      : h("input", { ...shared, type: "text", inputmode: number ? "decimal" : null, list });
    if (number || json || ["schedule", "number_or_auto"].includes(field.kind)) node.classList.add("pal-figures");
    return {
      node,
      read: () => (number ? pal.readNumber(node.value, { whole: field.kind === "int" }) : node.value),
      write: (value) => (node.value = number && typeof value !== "string" ? showNumber(value) : String(value ?? "")),
    };
  }

  // What an empty field means, or what would be there if nothing were said.
  function placeholder(field) {
    if (field.nullable) return field.none_label || pal.text("form.none");
    const initial = showNumber(field.initial);
    return initial === "" ? field.example || "" : initial;
  }

  function suggestControl(field) {
    const list = h("datalist", { id: `list-${idOf(field.key)}` });
    for (const choice of field.choices) list.append(h("option", { value: choice }));
    const control = textControl(field, { list: list.id });
    control.extra = list;
    return control;
  }

  function selectControl(field, choices) {
    const node = h("select", { class: "pal-input" });
    for (const [value, label] of choices) node.append(h("option", { value, text: label }));
    return {
      node,
      read: () => node.value,
      write: (value) => {
        // A value that the list does not know is shown all the same: hiding it would change it unseen.
        if (![...node.options].some((option) => option.value === value)) node.append(h("option", { value, text: value }));
        node.value = value;
      },
    };
  }

  function switchControl() {
    const node = h("input", { type: "checkbox", role: "switch", class: "pal-switch" });
    return { node, read: () => node.checked, write: (value) => (node.checked = value === true) };
  }

  function choicesOf(field) {
    const choices = field.choices.map((choice) => [choice, pal.said(choice.replaceAll("_", " "))]);
    return field.nullable ? [["", field.none_label || pal.text("form.none")], ...choices] : choices;
  }

  const answersOf = (field) => [["", field.none_label || pal.text("form.default")], ["true", pal.text("form.yes")], ["false", pal.text("form.no")]];

  // [[value, word], ...] of a field that offers words to choose from: its control and whatever quotes it say the same.
  const WORDS = { choice: choicesOf, optional_bool: answersOf };

  const CONTROLS = {
    int: (field) => textControl(field, { number: true }),
    float: (field) => textControl(field, { number: true }),
    bool: switchControl,
    optional_bool: (field) => selectControl(field, answersOf(field)),
    choice: (field) => selectControl(field, choicesOf(field)),
    open_choice: suggestControl,
    multiline: (field) => textControl(field, { lines: 3 }),
  };

  function controlFor(field) {
    return (CONTROLS[field.kind] || textControl)(field);
  }

  // ---- the arrow and the help --------------------------------------------------------------------------------

  const SVG = "http://www.w3.org/2000/svg";

  function backIcon() {
    const svg = document.createElementNS(SVG, "svg");
    for (const [name, value] of [["viewBox", "0 0 16 16"], ["class", "pal-icon"], ["aria-hidden", "true"]]) {
      svg.setAttribute(name, value);
    }
    const line = document.createElementNS(SVG, "path");
    for (const [name, value] of [
      ["d", "M5.6 3L2.8 5.8l2.8 2.8M2.8 5.8h6.4a3.6 3.6 0 0 1 0 7.2H5.5"],
      ["fill", "none"],
      ["stroke", "currentColor"],
      ["stroke-width", "1.5"],
      ["stroke-linecap", "round"],
      ["stroke-linejoin", "round"],
    ]) {
      line.setAttribute(name, value);
    }
    svg.append(line);
    return svg;
  }

  function bounds(field) {
    const lower = field.minimum === null ? "" : pal.text(field.exclusive_minimum ? "form.above" : "form.from", { value: showNumber(field.minimum) });
    // One that is only there because every number has to end says nothing.
    const upper = field.maximum === null || field.maximum >= 1e15 ? "" : pal.text(field.exclusive_maximum ? "form.below" : "form.to", { value: showNumber(field.maximum) });
    return [lower, upper].filter(Boolean).join(" ");
  }

  // The help of a field in three lines: what it does, what it may be, where it is in a configuration.
  function fieldHelp(field) {
    const initial = showValue(field, field.initial);
    const facts = [
      showsNothing(field, field.initial) ? null : pal.text("form.default_value", { value: initial }),
      bounds(field),
      field.unit ? pal.text("form.in_unit", { unit: field.unit }) : null, // a narrow column may have cut it off
      field.example && !field.help.includes(field.example) ? pal.text("form.such_as", { example: field.example }) : null,
    ];
    return { text: field.help, facts: facts.filter(Boolean).join(" · "), path: field.path };
  }

  const shownText = (value) => (typeof value === "number" ? showNumber(value) : String(value ?? ""));
  const showsNothing = (field, value) => field.kind !== "bool" && shownText(value) === "" && !field.none_label;

  function showValue(field, value) {
    if (field.kind === "bool") return pal.text(value ? "form.on" : "form.off");
    if (field.kind === "wrappers") return pal.wrappersInWords(value);
    const text = shownText(value);
    const word = WORDS[field.kind]?.(field).find(([each]) => each === text)?.[1];
    if (word !== undefined) return word;
    return text === "" ? field.none_label || pal.text("form.empty") : text;
  }

  // ---- a field -----------------------------------------------------------------------------------------------

  class FormField {
    constructor(model, field, control = controlFor(field)) {
      this.model = model;
      this.field = field;
      this.control = control;
      this.build();
      this.listen();
      this.update();
    }

    build() {
      const { field, control } = this;
      const id = idOf(field.key);
      const input = control.input || control.node;
      this.input = input;
      if (!control.group) input.id = `input-${id}`; // the buttons of a group have ids of their own
      this.back = h("button", { type: "button", class: "pal-back", hidden: true }, backIcon());
      this.fault = h("p", { class: "pal-field-fault", id: `fault-${id}`, hidden: true });
      this.fix = h("span", { class: "pal-field-fix" });
      const help = (this.help = h("span", { class: "pal-sr-only", id: `help-${id}`, text: field.help }));
      const label = control.group
        ? h("span", { class: "pal-label", id: `label-${id}`, text: field.title })
        : h("label", { class: "pal-label", for: input.id, text: field.title });
      if (control.group) control.node.setAttribute("aria-labelledby", label.id);
      input.setAttribute("aria-describedby", help.id);
      input.setAttribute("aria-errormessage", this.fault.id);
      const required = field.required ? h("span", { class: "pal-required", text: pal.text("check.required") }) : null;
      if (field.required) input.setAttribute("aria-required", "true");
      const isSaid = !field.unit || field.title.toLowerCase().endsWith(` ${field.unit}`);
      const unit = isSaid ? null : h("span", { class: "pal-unit", text: field.unit });
      const dot = h("span", { class: "pal-dot", "aria-hidden": "true" });
      const head = h("div", { class: "pal-field-head" }, label, unit, required, dot, this.back);
      const box = h("div", { class: "pal-control" }, control.node, control.extra);
      const data = { kind: field.kind, control: field.control, path: field.path, key: field.key, group: field.group };
      this.node = h("div", { class: "pal-field", id: `field-${id}`, data }, head, box, this.fault, this.fix, help);
    }

    listen() {
      const { field, control, model, input } = this;
      if (control.listen) control.listen((value) => model.set(field.key, value), () => this.painted && this.paintFaults(...this.painted));
      else {
        input.addEventListener("input", () => this.take());
        input.addEventListener("change", () => this.take());
        input.addEventListener("blur", () => this.settle());
        input.addEventListener("blur", () => this.write());
        input.addEventListener("blur", () => this.rest());
      }
      this.back.addEventListener("click", () => {
        model.revert(field.key);
        this.write();
        input.focus();
      });
    }

    // An emptied field counts as its default at once, and shows it when it is left.
    take() {
      const value = this.control.read();
      const empty = value === "" || value === null;
      this.typedAt = performance.now();
      this.taking = true;
      this.model.set(this.field.key, empty && !this.keepsEmpty() ? this.field.initial : value);
      this.taking = false;
    }

    keepsEmpty() {
      return this.field.nullable || this.field.required || ["text", "multiline", "tags"].includes(this.field.kind);
    }

    // A length of time is shown with its units once it is left: "90" has been understood as "1 min 30 s".
    settle() {
      if (this.field.kind !== "duration") return;
      const seconds = pal.readDuration(this.model.values[this.field.key]);
      if (seconds !== null && seconds >= 0) this.model.set(this.field.key, pal.showDuration(seconds));
    }

    write() {
      const value = this.model.values[this.field.key];
      const same = pal.canonical(this.control.read()) === pal.canonical(value);
      // "2.5e-4" stays as it was typed; whole numbers get their thousands separated.
      if (!same || Number.isInteger(value)) this.control.write(value);
    }

    // Show the model's value, unless it has just been typed into this very field.
    update() {
      if (!this.taking) this.keepFocus(() => this.write());
      const differs = this.model.differs(this.field.key);
      this.node.classList.toggle("pal-changed", differs);
      this.back.hidden = !differs;
      if (differs) {
        const words = pal.text("form.back_to", { value: showValue(this.field, this.model.baseline[this.field.key]) });
        pal.setAttr(this.back, "aria-label", `${this.field.title}: ${words}`);
        pal.setTip(this.back, words);
      }
      this.node.hidden = !this.model.applies(this.field);
    }

    // What is still being typed may be on its way to something right: it is marked once the typing rests.
    showFaults(faults, advice) {
      clearTimeout(this.patience);
      this.awaited = null;
      const typing = document.activeElement === this.input && performance.now() - (this.typedAt ?? -Infinity) < PATIENCE;
      if (typing && faults.length && !this.node.classList.contains("pal-faulty") && pal.localFault(this.field, this.model.values[this.field.key])?.unfinished) {
        this.awaited = [faults, advice];
        this.patience = setTimeout(() => this.rest(), PATIENCE);
      } else this.paintFaults(faults, advice);
    }

    rest() {
      clearTimeout(this.patience);
      if (this.awaited) this.paintFaults(...this.awaited);
      this.awaited = null;
    }

    // A field at fault says only that; advice is for one that can run.
    paintFaults(faults, advice) {
      this.painted = [faults, advice];
      const faulty = faults.length > 0;
      const remarks = faulty ? faults : advice;
      const own = this.control.showRemarks ? this.control.showRemarks(remarks, faulty) : remarks; // a list has places for some
      const mending = own.map((fault) => pal.fixButton(this.model, fault)).find(Boolean);
      this.keepFocus(() => this.fix.replaceChildren(...(mending ? [mending] : [])), mending);
      const text = own.map(faultText).join(" ");
      pal.setText(this.fault, text);
      this.fault.hidden = text === "";
      this.node.classList.toggle("pal-faulty", faulty);
      pal.setAttr(this.input, "aria-invalid", faulty && text ? "true" : null); // a list marks the input of its own that is
      pal.setAttr(this.input, "aria-describedby", text ? `${this.fault.id} ${this.help.id}` : this.help.id);
    }

    focus() {
      this.node.scrollIntoView({ block: "center" });
      this.foremost.focus({ preventScroll: true });
    }

    // Where the cursor goes when somebody is led to this field.
    get foremost() {
      return this.control.chosen?.() || this.input;
    }

    // The button of a fix and the rows of a list go with what they mended; whoever pressed one goes on in this field.
    keepFocus(redraw, next = null) {
      pal.keepFocus(this.node, redraw, () => next || this.foremost);
    }
  }

  // "must be at least 1, not 0" + hint -> two sentences.
  function faultText(fault) {
    const message = pal.format.capital(pal.said(fault.message));
    const sentence = /[.!?。！？]$/.test(message) ? message : `${message}${pal.text("form.full_stop")}`;
    return fault.hint ? `${sentence} ${pal.said(fault.hint)}` : sentence;
  }

  Object.assign(pal, { FormField, controlFor, faultText, showValue, fieldHelp });
})();
