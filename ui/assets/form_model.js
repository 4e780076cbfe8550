// What the Train tab knows: the values of the form, what they are compared with, and what is wrong with them.
//
// Always holds: the model never touches the page (form, configuration bar and action bar listen to it); values of
// algorithms that are not chosen are kept, so that switching back loses nothing; 0, false, "" and null are values.
// The draft lives in sessionStorage: a reload of this browser tab brings it back, other tabs have their own. A new tab
// begins with what was typed last in this browser, unless its reader has switched that off in Settings.
"use strict";

(() => {
  const pal = window.palaestra;
  const ALGORITHM = "algorithm.name";
  const DRAFT_KEY = "palaestra.train.draft";
  const LAST_KEY = "palaestra.train.last";

  // Equal data gives equal text, whatever the order of keys.
  function canonical(value) {
    if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
    if (value && typeof value === "object") {
      return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
    }
    return JSON.stringify(value ?? null);
  }

  // What a widget's value means, so that "3e-4" and "0.0003", or JSON with other blanks, count as the same.
  function meaning(field, value) {
    if (typeof value !== "string") return canonical(value);
    const text = value.trim();
    if (field.kind === "schedule" || field.kind === "number_or_auto") {
      const [, prefix = "", number] = text.match(/^(lin_|const_|auto_)?(.*)$/s);
      if (number !== "" && Number.isFinite(Number(number))) return canonical(prefix + Number(number));
    }
    if (["json", "wrappers"].includes(field.kind)) {
      try {
        return canonical(JSON.parse(text));
      } catch {
        return canonical(text); // not JSON yet: it is being typed
      }
    }
    if (field.kind === "duration") return canonical(pal.readDuration(text) ?? text);
    if (field.kind === "tags") return canonical(text.split(",").map((tag) => tag.trim()).filter(Boolean));
    return canonical(value);
  }

  class FormModel {
    // description: what ui/components/form.py sends: algorithms, sections, fields with their defaults, a digest
    constructor(description) {
      this.description = description;
      this.fields = new Map(description.fields.map((field) => [field.key, field]));
      this.values = Object.fromEntries(description.fields.map((field) => [field.key, field.initial]));
      this.baseline = { ...this.values };
      this.preset = null;
      this.faults = []; // what forbids a start
      this.advice = []; // what is only worth knowing
      this.reviewed = []; // faults as the server named them last
      this.local = new Map(); // key -> what the browser itself has found since, null where it found its fault mended
      this.mendable = new Set(); // keys of reviewed faults that the browser can see the end of by itself
      this.listeners = new Map();
      this.revision = 0;
    }

    // Events: "values" (keys), "algorithm" (name), "preset" (name or null), "faults" (faults), "reviewing", then "review"
    // (answer) or "unreviewed" (error)
    on(event, listener) {
      if (!this.listeners.has(event)) this.listeners.set(event, []);
      this.listeners.get(event).push(listener);
    }

    emit(event, detail) {
      for (const listener of this.listeners.get(event) || []) listener(detail);
    }

    get algorithm() {
      return this.values[ALGORITHM];
    }

    // Whether a field belongs to the chosen algorithm and to the choice it hangs on.
    applies(field) {
      if (field.algorithm && field.algorithm !== this.algorithm) return false;
      if (field.algorithms.length && !field.algorithms.includes(this.algorithm)) return false;
      return !field.when || field.when.values.includes(this.values[field.when.key]);
    }

    applicable() {
      return this.description.fields.filter((field) => this.applies(field));
    }

    set(key, value) {
      if (canonical(this.values[key]) === canonical(value)) return;
      this.assign({ [key]: value });
    }

    assign(values) {
      const before = this.algorithm;
      Object.assign(this.values, values);
      if (this.algorithm !== before) this.emit("algorithm", this.algorithm);
      this.revision += 1;
      this.emit("values", Object.keys(values));
      this.lookOver(Object.keys(values));
      this.keepDraft();
    }

    // Marks at once what no server is needed for; its answer then takes the place of this.
    lookOver(keys) {
      let changed = false;
      for (const key of keys) {
        const field = this.fields.get(key);
        const found = field && this.applies(field) ? pal.localFault(field, this.values[key]) : null;
        if (found) this.local.set(key, found);
        else if (this.local.get(key) || this.mendable.has(key)) this.local.set(key, null);
        else continue;
        changed = true;
      }
      if (!changed) return;
      const others = this.reviewed.filter((fault) => !this.local.has(this.fieldOf(fault)?.key));
      this.faults = this.inPageOrder([...[...this.local.values()].filter(Boolean), ...others]);
      this.emit("faults", this.faults);
    }

    // Take a configuration from the server; it becomes what changes are counted against.
    load({ preset, values }) {
      this.restore({ preset: preset ?? null, values, baseline: values });
    }

    // The form that the program begins with, which may come late; before: a copy of what was there when it was asked for.
    // What was typed since stays, and so does everything if another form has been loaded.
    begin(form, before) {
      if (this.preset !== before.preset || canonical(this.baseline) !== canonical(before.baseline)) return;
      const typed = Object.entries(this.values).filter(([key, value]) => canonical(value) !== canonical(before.values[key]));
      this.load(form);
      if (typed.length) this.assign(Object.fromEntries(typed));
    }

    // The values have just been saved as a preset: changes count from here on.
    saved(preset) {
      this.restore({ preset, values: this.values, baseline: this.values });
    }

    // Everything, so that a load can be undone.
    copy() {
      return { preset: this.preset, values: { ...this.values }, baseline: { ...this.baseline } };
    }

    restore({ preset, values, baseline }) {
      this.preset = preset;
      this.baseline = { ...this.baseline, ...baseline };
      this.emit("preset", preset);
      this.assign({ ...this.values, ...values });
    }

    revert(key) {
      this.assign(key === undefined ? { ...this.baseline } : { [key]: this.baseline[key] });
    }

    differs(key) {
      const field = this.fields.get(key);
      return meaning(field, this.values[key]) !== meaning(field, this.baseline[key]);
    }

    changed() {
      return this.applicable().filter((field) => this.differs(field.key));
    }

    setFaults(faults, advice = []) {
      this.faults = this.reviewed = this.inPageOrder(faults);
      this.advice = advice;
      this.local.clear();
      const keys = faults.map((fault) => this.fieldOf(fault)?.key).filter(Boolean);
      this.mendable = new Set(keys.filter((key) => pal.localFault(this.fields.get(key), this.values[key])));
      this.emit("faults", this.faults);
    }

    // From top to bottom; what has no field on the page comes last.
    inPageOrder(faults) {
      const places = new Map([...this.fields.keys()].map((key, place) => [key, place]));
      const place = (fault) => places.get(this.fieldOf(fault)?.key) ?? Infinity;
      return faults.map((fault) => [place(fault), fault]).sort(([a], [b]) => (a === b ? 0 : a - b)).map(([, fault]) => fault);
    }

    // The field a fault belongs to: the one whose path it names, or the nearest one above it; null when there is none.
    fieldOf(fault) {
      const applicable = this.applicable();
      for (let path = fault.field; path; path = path.slice(0, Math.max(0, path.lastIndexOf(".")))) {
        const field = applicable.find((each) => each.path === path);
        if (field) return field;
      }
      return null;
    }

    // What the server is asked about: the preset it began with and every value that applies.
    filled() {
      const values = Object.fromEntries(this.applicable().map((field) => [field.key, this.values[field.key]]));
      return { preset: this.preset, values };
    }

    keepDraft() {
      const draft = JSON.stringify({ digest: this.description.digest, ...this.copy() });
      try {
        sessionStorage.setItem(DRAFT_KEY, draft);
        if (pal.preferences.get("rememberForm")) localStorage.setItem(LAST_KEY, draft);
      } catch {
        // Private windows may refuse storage; then only the draft is lost.
      }
    }

    // Bring back what this browser tab held before a reload, else what this browser held last; false when there is
    // nothing of this version.
    restoreDraft() {
      try {
        const last = pal.preferences.get("rememberForm") ? localStorage.getItem(LAST_KEY) : null;
        const draft = JSON.parse(sessionStorage.getItem(DRAFT_KEY) ?? last);
        if (!draft || draft.digest !== this.description.digest) return false;
        this.restore(draft);
        return true;
      } catch {
        return false;
      }
    }
  }

  // New tabs begin anew; a reload of this one still brings its form back.
  function forgetLast() {
    try {
      localStorage.removeItem(LAST_KEY);
    } catch {
      // Where nothing can be stored, nothing was.
    }
  }
  pal.preferences.on("rememberForm", (wanted) => wanted || forgetLast());

  // What was typed is not brought back any more; the form that is open stays as it is.
  function forgetForm() {
    forgetLast();
    try {
      sessionStorage.removeItem(DRAFT_KEY);
    } catch {
      // As above.
    }
  }

  Object.assign(pal, { FormModel, canonical, meaning, forgetForm });
})();
