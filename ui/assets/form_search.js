// Finding a field among all of them: what does not match steps aside, folds with a match open while one searches.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;

  let search = null;
  pal.shortcut("/", () => search?.input.focus(), { tab: "train", says: "shortcuts.find_field" });

  class FormSearch {
    // view: the FormView; fields() gives its FormFields, folds() its <details>
    constructor(view, model) {
      this.view = view;
      view.search = this;
      this.model = model;
      this.opened = null; // fold -> whether it stood open before the search
      this.input = h("input", {
        type: "search",
        id: "field-search",
        class: "pal-input",
        placeholder: pal.text("form.find_field"),
        "aria-label": pal.text("form.find_field"),
        autocomplete: "off",
        spellcheck: "false",
      });
      this.count = h("span", { class: "pal-search-count", role: "status" });
      this.node = h("div", { class: "pal-search" }, pal.icon("search"), this.input, h("kbd", { text: "/", "aria-hidden": "true" }), this.count);
      this.input.addEventListener("input", () => this.run());
      this.input.addEventListener("keydown", (event) => this.key(event));
      model.on("algorithm", () => this.run());
      search = this;
    }

    key(event) {
      if (event.key === "Enter") {
        event.preventDefault();
        const first = this.matches()[0];
        if (first) this.view.reveal(first.field.key);
      } else if (event.key === "Escape") {
        if (this.input.value) event.stopPropagation();
        else this.input.blur();
        this.clear();
      }
    }

    words() {
      return this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    }

    fits(field, words) {
      const text = `${field.title} ${field.path} ${field.path.replaceAll("_", " ")} ${field.group} ${field.help} ${field.english} ${field.keywords}`.toLowerCase();
      return words.every((word) => text.includes(word));
    }

    // Fields whose name matches before those where only the help does.
    matches(words = this.words()) {
      const found = this.view.applicable().filter((each) => this.fits(each.field, words));
      const named = ({ field }) => this.isNamed(field, words);
      return [...found.filter(named), ...found.filter((each) => !named(each))];
    }

    isNamed(field, words) {
      return words.every((word) => `${field.title} ${field.path}`.toLowerCase().includes(word));
    }

    run() {
      const words = this.words();
      if (!words.length) {
        this.end();
        return;
      }
      if (!this.opened) this.opened = new Map(this.view.folds().map((fold) => [fold, fold.open]));
      const found = new Set(this.matches(words));
      this.view.root.classList.add("pal-searching");
      for (const each of this.view.applicable()) each.node.classList.toggle("pal-miss", !found.has(each));
      for (const fold of this.view.folds()) fold.open = fold.querySelector(".pal-field:not(.pal-miss):not([hidden])") !== null;
      this.view.markEmpty();
      this.tell(found.size, words);
    }

    // What is not named so here may be a field of other algorithms.
    tell(number, words) {
      const { algorithm, description } = this.model;
      const here = pal.text("form.fields", { count: number });
      const has = (name, fits) => description.fields.some((field) => field.algorithm === name && fits(field));
      const others = (fits) => description.algorithms.filter(({ name }) => name !== algorithm && has(name, fits)).map(({ label }) => label).join(", ");
      if (number === 0) {
        const elsewhere = others((field) => this.fits(field, words));
        setText(this.count, elsewhere ? pal.text("form.fields_elsewhere", { algorithms: elsewhere }) : here);
      } else if (this.matches(words).some(({ field }) => this.isNamed(field, words))) setText(this.count, here);
      else {
        const elsewhere = others((field) => this.isNamed(field, words));
        setText(this.count, elsewhere ? pal.text("form.fields_named_elsewhere", { here, algorithms: elsewhere }) : here);
      }
    }

    clear() {
      this.input.value = "";
      this.end();
    }

    end() {
      setText(this.count, "");
      if (!this.opened) return;
      for (const [fold, open] of this.opened) fold.open = open;
      this.opened = null;
      this.view.root.classList.remove("pal-searching");
      for (const node of this.view.root.querySelectorAll(".pal-miss")) node.classList.remove("pal-miss");
      this.view.markEmpty();
    }
  }

  pal.FormSearch = FormSearch;
})();
