// What the Train tab knows: the values of the form, what they are compared with, and what is wrong with them.
//
// Always holds: the model never touches the page (form, configuration bar and action bar listen to it); values of
// algorithms that are not chosen are kept, so that switching back loses nothing; 0, false, "" and null are values.
// The draft lives in sessionStorage: a reload of this browser tab brings it back, other tabs have their own.
"use strict";

(() => {
  const pal = window.palaestra;
  const DRAFT_KEY = "palaestra.train.draft";

  // Write a value so that equal values give equal text, whatever the order of keys.
  function canonical(value) {
    if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
    if (value && typeof value === "object") {
      return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
    }
    return JSON.stringify(value ?? null);
  }

  class FormModel {
    // @param description what ui/components/form.py sends: algorithms, sections, fields with defaults, a digest
    constructor(description) {
      this.description = description;
      this.fields = new Map(description.fields.map((field) => [field.key, field]));
      this.values = Object.fromEntries(description.fields.map((field) => [field.key, field.initial]));
      this.algorithm = description.algorithms[0].name;
      this.preset = null;
      this.baseline = { algorithm: this.algorithm, values: {} };
      this.faults = [];
      this.listeners = new Map();
      this.revision = 0;
    }

    on(event, listener) {
      if (!this.listeners.has(event)) this.listeners.set(event, []);
      this.listeners.get(event).push(listener);
    }

    emit(event, detail) {
      for (const listener of this.listeners.get(event) || []) listener(detail);
    }

    // Whether a field belongs to the chosen algorithm and to the choices it hangs on.
    applies(field) {
      if (field.algorithm && field.algorithm !== this.algorithm) return false;
      if (field.algorithms && !field.algorithms.includes(this.algorithm)) return false;
      return !field.when || field.when.values.includes(this.values[field.when.key]);
    }

    applicable() {
      return this.description.fields.filter((field) => this.applies(field));
    }

    set(key, value) {
      if (canonical(this.values[key]) === canonical(value)) return;
      this.values[key] = value;
      this.touched([key]);
    }

    setAlgorithm(name) {
      if (name === this.algorithm) return;
      this.algorithm = name;
      this.emit("algorithm", name);
      this.touched([]);
    }

    // Take a configuration from the server; it becomes what changes are counted against.
    load({ preset, algorithm, values }) {
      this.preset = preset ?? null;
      this.baseline = { algorithm, values };
      for (const field of this.description.fields) this.values[field.key] = this.baselineValue(field.key);
      this.algorithm = algorithm;
      this.emit("algorithm", algorithm);
      this.emit("loaded", this.preset);
      this.touched([...this.fields.keys()]);
    }

    // Keep the values and count changes from here on: they have just been saved as a preset.
    saved(preset) {
      this.preset = preset;
      this.baseline = { algorithm: this.algorithm, values: { ...this.values } };
      this.emit("loaded", preset);
      this.touched([]);
    }

    revert(key) {
      const keys = key === undefined ? [...this.fields.keys()] : [key];
      for (const each of keys) this.values[each] = this.baselineValue(each);
      if (key === undefined && this.algorithm !== this.baseline.algorithm) {
        this.algorithm = this.baseline.algorithm;
        this.emit("algorithm", this.algorithm);
      }
      this.touched(keys);
    }

    // What the field had in the loaded preset; for another algorithm than the preset's, its default.
    baselineValue(key) {
      return key in this.baseline.values ? this.baseline.values[key] : this.fields.get(key).initial;
    }

    differs(key) {
      return canonical(this.values[key]) !== canonical(this.baselineValue(key));
    }

    changed() {
      const keys = this.applicable().filter((field) => this.differs(field.key)).map((field) => field.key);
      return this.algorithm === this.baseline.algorithm ? keys : ["algorithm", ...keys];
    }

    touched(keys) {
      this.revision += 1;
      this.emit("values", keys);
      this.keepDraft();
    }

    setFaults(faults) {
      this.faults = faults;
      this.emit("faults", faults);
    }

    // The field a fault belongs to: the one whose path it names, or the nearest one above it.
    fieldOf(fault) {
      let path = fault.field;
      const applicable = this.applicable();
      while (path) {
        const field = applicable.find((each) => each.path === path);
        if (field) return field;
        path = path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : "";
      }
      return null;
    }

    // What the server is asked about: the choice of algorithm and every value that applies.
    snapshot() {
      const values = Object.fromEntries(this.applicable().map((field) => [field.key, this.values[field.key]]));
      return { algorithm: this.algorithm, preset: this.preset, values };
    }

    // Everything, so that a load can be undone.
    copy() {
      const { algorithm, preset, values, baseline } = this;
      return { algorithm, preset, values: { ...values }, baseline };
    }

    restore(copy) {
      this.preset = copy.preset;
      this.baseline = copy.baseline;
      for (const key of this.fields.keys()) if (key in copy.values) this.values[key] = copy.values[key];
      this.algorithm = copy.algorithm;
      this.emit("algorithm", copy.algorithm);
      this.emit("loaded", this.preset);
      this.touched([...this.fields.keys()]);
    }

    keepDraft() {
      try {
        sessionStorage.setItem(DRAFT_KEY, JSON.stringify({ digest: this.description.digest, state: this.copy() }));
      } catch {
        // Private windows may refuse storage; only the draft is lost.
      }
    }

    // Bring back what this browser tab held before a reload; false when there is nothing of this version.
    restoreDraft() {
      try {
        const draft = JSON.parse(sessionStorage.getItem(DRAFT_KEY));
        if (!draft || draft.digest !== this.description.digest) return false;
        this.restore(draft.state);
        return true;
      } catch {
        return false;
      }
    }
  }

  Object.assign(pal, { FormModel, canonical });
})();
