// The help of a field: what it does, its default and bounds, its name in a configuration.
//
// It comes when the pointer rests on a field or the keyboard reaches it, and goes as soon as one types. Scripts for
// screen readers do not need it: each control is described by the same words (aria-describedby).
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const REST = 450; // ms that the pointer must rest, so that crossing the form stays calm

  class FormHelp {
    // find(node): the FormField that a node of the page lies in, or null
    constructor(root, find) {
      this.text = h("p");
      this.facts = h("p", { class: "pal-fieldhelp-facts" });
      this.path = h("p", { class: "pal-fieldhelp-path" });
      this.box = h("div", { class: "pal-tip pal-fieldhelp", "aria-hidden": "true", hidden: true }, this.text, this.facts, this.path);
      this.find = find;
      this.timer = 0;
      root.addEventListener("pointerover", (event) => event.pointerType === "mouse" && this.rest(event.target));
      root.addEventListener("pointerleave", () => this.hide());
      root.addEventListener("focusin", (event) => this.reach(event.target));
      for (const type of ["focusout", "input", "pointerdown"]) root.addEventListener(type, () => this.hide());
      document.addEventListener("scroll", () => this.follow(), { capture: true, passive: true });
      document.addEventListener("keydown", (event) => {
        this.byKeyboard = event.key === "Tab";
        if (event.key === "Escape") this.hide();
      });
      document.addEventListener("pointerdown", () => (this.byKeyboard = false), { capture: true });
    }

    rest(target) {
      const field = target.closest?.("button, .pal-combo-list, .pal-wrappers-list, [data-tip]") ? null : this.find(target);
      if (field === this.field) return;
      this.hide();
      this.field = field;
      if (field) this.timer = setTimeout(() => this.show(field), REST);
    }

    reach(target) {
      const field = this.byKeyboard && !target.closest("button, [data-tip]") ? this.find(target) : null;
      if (!field) return;
      this.show(field);
      this.reached = true;
    }

    // Help that is only awaited finds its place when it comes, and what the pointer showed would stay behind. A field
    // that the keyboard reached keeps its help: reaching it may itself have scrolled the page.
    follow() {
      if (this.box.hidden) return;
      if (this.reached) this.place(this.field);
      else this.hide();
    }

    show(field) {
      if (!this.box.isConnected) document.body.append(this.box);
      this.field = field;
      const help = pal.fieldHelp(field.field);
      for (const part of ["text", "facts", "path"]) {
        setText(this[part], help[part]);
        this[part].hidden = !help[part];
      }
      this.box.hidden = false;
      this.place(field);
    }

    place(field) {
      const spot = field.node.getBoundingClientRect();
      const size = this.box.getBoundingClientRect();
      const above = spot.top - size.height - 6;
      this.box.style.left = `${Math.max(8, Math.min(spot.left, innerWidth - size.width - 8))}px`;
      this.box.style.top = `${above > 8 ? above : spot.bottom + 6}px`;
    }

    hide() {
      clearTimeout(this.timer);
      this.field = null;
      this.reached = false;
      this.box.hidden = true;
    }
  }

  pal.FormHelp = FormHelp;
})();
