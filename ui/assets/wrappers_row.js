// One wrapper in the list of wrappers: its number, its name, its arguments as small inputs, what the agent sees after it.
//
// Always holds: arguments that the row does not know are shown and kept until somebody takes them away; a text that
// cannot be read goes to the server as it was typed, whose fault then names it.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText, setAttr } = pal;
  let serial = 0;

  // ---- an argument's value and what its input holds -----------------------------------------------------------

  function shown(argument, value) {
    if (argument.kind === "json") return value === null || value === undefined ? "" : JSON.stringify(value);
    if (argument.kind === "optional_bool") return value === null || value === undefined ? "" : String(value);
    return value ?? (argument.kind === "text" ? "" : null);
  }

  function meant(argument, raw) {
    if (raw === "" || raw === null) return argument.nullable || argument.kind === "text" ? null : argument.default;
    if (argument.kind === "optional_bool") return { true: true, false: false }[raw] ?? raw;
    if (argument.kind !== "json") return raw;
    try {
      return JSON.parse(raw);
    } catch {
      return raw;
    }
  }

  // What an unknown argument, or all arguments of an unknown wrapper, are typed as.
  const free = (name, initial) => ({ name, title: name, kind: "json", nullable: false, default: initial, choices: [] });

  class WrapperRow {
    // entry: {name | entry_point, kwargs}; known: how the editor describes it, undefined for any other;
    // changed(entry), moved(by), removed(): what the list is told
    constructor(entry, known, { changed, moved, removed }) {
      Object.assign(this, { entry, known, changed, moved, removed, inputs: new Map() });
      serial += 1;
      this.id = `pal-wrapper-${serial}`;
      this.number = h("span", { class: "pal-wrapper-number", "aria-hidden": "true" });
      this.seen = h("p", { class: "pal-wrapper-seen" });
      this.fault = h("p", { class: "pal-field-fault", id: `${this.id}-fault`, hidden: true });
      this.fix = h("span", { class: "pal-field-fix pal-wrapper-fix" });
      this.body = h("div", { class: "pal-wrapper-arguments" });
      const head = h("div", { class: "pal-wrapper-head" }, this.number, this.name(), this.body, this.buttons());
      this.node = h("li", { class: "pal-wrapper" }, head, this.seen, this.fault, this.fix);
      this.node.addEventListener("keydown", (event) => this.key(event));
      this.fill();
    }

    get title() {
      return this.known ? pal.said(this.known.title) : this.entry.name || this.entry.entry_point || pal.text("wrappers.unnamed");
    }

    name() {
      if (this.known || typeof this.entry.entry_point !== "string") {
        return h("span", { class: "pal-wrapper-title", text: this.title, data: this.known ? { tip: pal.said(this.known.about) } : {} });
      }
      const input = h("input", { type: "text", class: "pal-input pal-figures pal-wrapper-class", value: this.entry.entry_point, spellcheck: "false", autocomplete: "off", "aria-label": pal.text("wrappers.class"), data: { tip: pal.text("wrappers.class_help") } });
      input.addEventListener("input", () => this.take({ ...this.entry, entry_point: input.value.trim() }));
      this.inputs.set("entry_point", input);
      return input;
    }

    buttons() {
      const button = (icon, words, act) => {
        const node = h("button", { type: "button", class: "pal-iconbutton" }, pal.icon(icon));
        node.addEventListener("click", act);
        node.words = words;
        return node;
      };
      this.up = button("up", "wrappers.up", () => this.moved(-1));
      this.down = button("down", "wrappers.down", () => this.moved(1));
      this.remove = button("close", "wrappers.remove", () => this.removed());
      for (const node of [this.up, this.down, this.remove]) {
        const words = pal.text(node.words, { title: this.title });
        setAttr(node, "aria-label", words);
        pal.setTip(node, words);
      }
      return h("div", { class: "pal-wrapper-buttons" }, this.up, this.down, this.remove);
    }

    // Alt and an arrow move the row from wherever one stands in it.
    key(event) {
      if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
      event.preventDefault();
      this.moved(event.key === "ArrowUp" ? -1 : 1);
    }

    // ---- arguments ------------------------------------------------------------------------------------------

    fill() {
      const kwargs = this.entry.kwargs ?? {};
      if (!this.known) {
        this.body.append(this.whole(kwargs));
        return;
      }
      const known = new Set(this.known.arguments.map(({ name }) => name));
      for (const argument of this.known.arguments) this.body.append(this.argument(argument, kwargs[argument.name] ?? (argument.name in kwargs ? null : argument.default)));
      for (const name of Object.keys(kwargs)) if (!known.has(name)) this.body.append(this.stranger(name, kwargs[name]));
    }

    argument(argument, value) {
      const said = { ...argument, title: pal.said(argument.title), unit: pal.said(argument.unit), none_label: pal.said(argument.none_label), initial: shown(argument, argument.default) };
      const control = pal.controlFor({ ...said, key: `${this.id}-${argument.name}` });
      const input = control.input || control.node;
      input.id = `${this.id}-${argument.name}`;
      input.classList.add("pal-wrapper-input");
      control.write(shown(argument, value));
      const take = () => this.take({ ...this.entry, kwargs: { ...this.entry.kwargs, [argument.name]: meant(argument, control.read()) } });
      for (const type of ["input", "change"]) input.addEventListener(type, take);
      // An emptied argument takes its default again, and shows it when it is left.
      input.addEventListener("blur", () => control.read() === "" || control.read() === null ? control.write(shown(argument, (this.entry.kwargs ?? {})[argument.name] ?? null)) : null);
      this.inputs.set(argument.name, input);
      const unit = said.unit ? h("span", { class: "pal-unit", text: said.unit }) : null;
      const label = h("label", { class: "pal-wrapper-label", for: input.id }, said.title, unit);
      const help = h("span", { class: "pal-sr-only", id: `${input.id}-help`, text: pal.said(argument.help) });
      const data = { argument: argument.name, kind: argument.kind, tip: help.textContent };
      return h("div", { class: "pal-wrapper-argument", data }, label, control.node, control.extra, help);
    }

    // The arguments of a wrapper that is not known here, as one JSON object.
    whole(kwargs) {
      const input = h("textarea", { class: "pal-input pal-area pal-figures", rows: 1, spellcheck: "false", id: `${this.id}-kwargs`, placeholder: "{}" });
      input.value = Object.keys(kwargs).length ? JSON.stringify(kwargs) : "";
      input.addEventListener("input", () => {
        const read = meant(free("kwargs", {}), input.value.trim());
        this.take({ ...this.entry, kwargs: read });
      });
      this.inputs.set("kwargs", input);
      const label = h("label", { class: "pal-wrapper-label", for: input.id, text: pal.text("wrappers.kwargs") });
      const data = { argument: "kwargs", tip: pal.text("wrappers.kwargs_help") };
      return h("div", { class: "pal-wrapper-argument pal-wrapper-whole", data }, label, input);
    }

    // An argument that this wrapper does not have: the server says so, and here it can be taken away.
    stranger(name, value) {
      const take = h("button", { type: "button", class: "pal-linkbutton" }, `${name}: ${JSON.stringify(value)} `, pal.icon("close"));
      setAttr(take, "aria-label", pal.text("wrappers.drop", { name }));
      take.addEventListener("click", () => {
        const { [name]: _, ...rest } = this.entry.kwargs;
        take.parentElement.remove();
        this.inputs.delete(name);
        this.take({ ...this.entry, kwargs: rest });
      });
      this.inputs.set(name, take);
      return h("div", { class: "pal-wrapper-argument pal-wrapper-stranger", data: { argument: name } }, take);
    }

    take(entry) {
      this.entry = entry;
      this.changed(entry);
    }

    // ---- what the list and the server know of it -------------------------------------------------------------

    placed(index, count) {
      setText(this.number, String(index + 1));
      setAttr(this.node, "aria-label", pal.text("wrappers.place", { title: this.title, place: index + 1, count }));
      this.up.disabled = index === 0;
      this.down.disabled = index === count - 1;
    }

    // before, after: what is seen and done on either side, null while that is not known
    showSeen(before, after) {
      setText(this.seen, before && after ? pal.wrapperSpaces.between(before, after) : "");
    }

    // remarks: [{fault, argument, mending}]; faulty: they forbid a start; mending: a button that does what would help
    showRemarks(remarks, faulty) {
      setText(this.fault, remarks.map(({ fault }) => pal.faultText(fault)).join(" "));
      this.fault.hidden = remarks.length === 0;
      const mending = remarks.map((remark) => remark.mending).find(Boolean);
      pal.keepFocus(this.node, () => this.fix.replaceChildren(...(mending ? [mending] : [])), () => mending || this.first);
      this.node.classList.toggle("pal-wrapper-faulty", faulty && remarks.length > 0);
      const named = new Set(remarks.map(({ argument }) => argument));
      for (const [name, input] of this.inputs) {
        setAttr(input, "aria-invalid", faulty && named.has(name) ? "true" : null);
        const help = this.known && name in this.known.start ? `${input.id}-help` : "";
        setAttr(input, "aria-describedby", [remarks.length ? this.fault.id : "", help].join(" ").trim() || null);
      }
    }

    // Where the cursor goes when somebody is led to this row.
    get first() {
      const inputs = [...this.inputs.values()];
      return inputs.find((input) => input.getAttribute("aria-invalid") === "true") || inputs[0] || this.remove;
    }
  }

  pal.WrapperRow = WrapperRow;
})();
