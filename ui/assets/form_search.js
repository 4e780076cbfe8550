// Finding a field among all of them: what does not match steps aside, folds with a match open while one searches.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;

  let search = null;
  pal.shortcut("/", () => search?.input.focus(), { tab: "train", says: "shortcuts.find_field" });

  const ofAlgorithm = (field, name) => field.algorithm === name || (!field.algorithm && field.algorithms.includes(name));

  class FormSearch {
    // view: the FormView; fields() gives its FormFields, folds() its <details>. `node` is the box, `others` stands in the form's place.
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
      this.others = h("div", { class: "pal-search-others", hidden: true }, h("p", { role: "status" }), h("div", { class: "pal-search-offers" }));
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

    // How many there are, and where else what is not named so here may be: in other algorithms, or nowhere.
    tell(number, words) {
      setText(this.count, pal.text("form.fields", { count: number }));
      const isNamedHere = number > 0 && this.matches(words).some(({ field }) => this.isNamed(field, words));
      const offers = isNamedHere ? [] : this.elsewhere(words, number > 0);
      this.others.hidden = isNamedHere || (number > 0 && !offers.length);
      if (this.others.hidden) return;
      const hidden = number ? null : this.hiddenHere(words);
      if (hidden) {
        this.tellHidden(hidden);
        return;
      }
      const { label } = this.model.description.algorithms.find(({ name }) => name === this.model.algorithm);
      const key = number ? "form.fields_named_elsewhere" : offers.length ? "form.fields_elsewhere" : "form.fields_nowhere";
      setText(this.others.firstChild, pal.text(key, { algorithm: label, words: this.input.value.trim() }));
      const all = h("button", { type: "button", class: "pal-button", text: pal.text("form.all_fields") });
      all.addEventListener("click", () => {
        this.clear();
        this.input.focus();
      });
      this.others.lastChild.replaceChildren(...(offers.length ? offers.map((offer) => this.offer(offer)) : [all]));
    }

    // [{name, label, field}, ...]: every other algorithm that has such a field, and which; by help only where none is named so.
    elsewhere(words, onlyNamed) {
      const { algorithm, description } = this.model;
      const has = (name, fits) => description.fields.find((field) => ofAlgorithm(field, name) && fits(field, words));
      const found = (fits) => description.algorithms.filter(({ name }) => name !== algorithm).map(({ name, label }) => ({ name, label, field: has(name, fits) })).filter(({ field }) => field);
      const named = found((field) => this.isNamed(field, words));
      return named.length || onlyNamed ? named : found((field) => this.fits(field, words));
    }

    // A field of the chosen algorithm that only another choice brings to light.
    hiddenHere(words) {
      const hidden = this.model.description.fields.filter((field) => field.when && field.algorithm === this.model.algorithm && !this.model.applies(field) && this.fits(field, words));
      return hidden.find((field) => this.isNamed(field, words)) || hidden[0];
    }

    tellHidden({ title, when }) {
      const choice = this.model.fields.get(when.key);
      const values = when.values.map((value) => pal.showValue(choice, value)).join(" / ");
      setText(this.others.firstChild, pal.text("form.field_hidden", { field: title, choice: choice.title, values }));
      const go = h("button", { type: "button", class: "pal-button", text: pal.text("form.go_to", { field: choice.title }) });
      go.addEventListener("click", () => this.view.point(when.key));
      this.others.lastChild.replaceChildren(go);
    }

    // One that cannot act in the environment looks as it does in the form, and says why.
    offer({ name, label, field }) {
      const says = pal.text("form.choose_and_go", { algorithm: label, field: field.title });
      const unfit = pal.said(this.view.unfit[name]);
      const button = h("button", { type: "button", class: unfit ? "pal-button pal-unfit" : "pal-button", text: label, "aria-label": says, data: { tip: unfit || says, algorithm: name } });
      button.addEventListener("click", () => {
        this.model.set("algorithm.name", name);
        this.view.point(this.model.applies(field) ? field.key : field.when.key);
      });
      return button;
    }

    clear() {
      this.input.value = "";
      this.end();
    }

    end() {
      setText(this.count, "");
      this.others.hidden = true;
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
