// A file of another program: which entry of it, and key by key what would be taken and what would not.
//
// Always holds: nothing is filled in before the reader has seen the report of what is chosen and agreed; names and
// values of the file reach the page as text only.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;

  // Where settings to import come from: pasted, dropped or chosen. read(source, dialog) gets a file, or text as { text },
  // and for text a dialog that stays open until it was understood: what is wrong with it stands below it.
  function importSource(choose, read) {
    const text = h("textarea", { id: "import-text", class: "pal-input pal-import-text", rows: "8", spellcheck: "false", "aria-label": pal.text("presets.paste"), placeholder: pal.text("presets.paste") });
    const go = h("button", { type: "submit", class: "pal-button pal-button-main", id: "import-read", text: pal.text("presets.read"), disabled: true });
    const file = h("button", { type: "button", class: "pal-button", id: "import-choose", text: pal.text("presets.choose_file") });
    const fault = h("p", { id: "import-fault", class: "pal-field-fault pal-import-fault", role: "alert", hidden: true });
    const form = h("form", { class: "pal-import" }, h("p", { class: "pal-import-summary", text: pal.text("presets.paste_or_drop") }), text, fault, h("div", { class: "pal-adjust-foot" }, file, go));
    const box = pal.dialog(pal.text("presets.import"), form, { className: "pal-dialog-wide" });
    const done = (source) => {
      box.close();
      read(source);
    };
    const blame = (words) => {
      setText(fault, words);
      fault.hidden = !words;
      pal.setAttr(text, "aria-invalid", words ? "true" : null);
      pal.setAttr(text, "aria-describedby", words ? fault.id : null);
    };
    text.addEventListener("input", () => {
      go.disabled = !text.value.trim();
      blame("");
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!text.value.trim()) return;
      go.disabled = true;
      const asked = text.value;
      const refused = (error) => {
        if (text.value !== asked) return;
        go.disabled = false;
        blame(pal.errorText(error));
        text.focus();
      };
      read({ text: asked }, { isOpen: () => box.isConnected, understood: () => box.close(), refused });
    });
    file.addEventListener("click", () => {
      box.close();
      choose();
    });
    box.addEventListener("dragover", (event) => event.preventDefault());
    box.addEventListener("drop", (event) => {
      event.preventDefault();
      const [dropped] = event.dataTransfer.files;
      if (dropped) done(dropped);
    });
    text.focus();
  }

  class ImportDialog {
    // asked: what the server was asked ({text, file_name}); title: what it is called; answer: its first answer; take(form): fills the form
    constructor({ asked, title, answer, ask, model, take }) {
      Object.assign(this, { asked, source: title, answer, ask, model, take, asking: 0 });
      this.summary = h("p", { class: "pal-import-summary", "aria-live": "polite" });
      this.report = h("div", { class: "pal-import-report", tabindex: "0", role: "region", "aria-label": pal.text("presets.report") });
      this.fill = h("button", { type: "submit", class: "pal-button pal-button-main", id: "import-fill", text: pal.text("presets.fill") });
      const cancel = h("button", { type: "button", class: "pal-button", text: pal.text("presets.cancel") });
      const form = h("form", { class: "pal-import" }, this.choices(), this.summary, this.report, h("div", { class: "pal-adjust-foot" }, cancel, this.fill));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.done();
      });
      this.box = pal.dialog(pal.text("presets.import_title", { file: title }), form, { className: "pal-dialog-wide" });
      cancel.addEventListener("click", () => this.box.close());
      this.show(answer);
      (this.entry && !answer.entry ? this.entry : this.fill).focus();
    }

    choices() {
      const { entries, format } = this.answer;
      if (format !== "rl_zoo") return h("div", {});
      const algorithms = this.model.description.algorithms.map(({ name, label }) => [name, label]);
      this.algorithm = this.select("import-algorithm", pal.text("presets.algorithm"), algorithms, this.answer.algorithm);
      const parts = [this.algorithm.parentNode];
      if (entries.length > 1) {
        this.entry = this.select("import-entry", pal.text("presets.entry"), entries.map((name) => [name, name]), this.answer.entry);
        parts.unshift(this.entry.parentNode);
      }
      return h("div", { class: "pal-import-choices" }, ...parts);
    }

    select(id, title, options, chosen) {
      const none = h("option", { value: "", text: pal.text("presets.choose_one") });
      const node = h("select", { id, class: "pal-input" }, none, ...options.map(([value, text]) => h("option", { value, text })));
      node.value = chosen || "";
      node.addEventListener("change", () => this.again(node.value));
      return h("label", { class: "pal-import-choice", for: id }, h("span", { class: "pal-label", text: title }), node).lastChild;
    }

    // Only the newest question's answer is shown, and until it has come nothing can be filled in. Without an answer the
    // choices go back to what the report is about.
    async again() {
      this.asking += 1;
      const asking = this.asking;
      this.fill.disabled = true;
      const before = this.said;
      const entry = this.entry ? this.entry.value : this.answer.entry;
      const told = this.algorithm.value && this.algorithm.value !== this.answer.algorithm ? this.algorithm.value : this.said;
      this.said = told;
      try {
        const answer = await this.ask("import_preset", { ...this.asked, entry: entry || null, algorithm: told || null });
        if (asking === this.asking) this.show(answer);
      } catch (error) {
        if (asking !== this.asking) return;
        this.said = before;
        if (this.entry) this.entry.value = this.answer.entry ?? "";
        this.algorithm.value = this.answer.algorithm ?? "";
        this.show(this.answer);
        pal.fail(error, pal.text("presets.not_taken", { file: this.source }), "fill");
      }
    }

    show(answer) {
      this.answer = answer;
      if (this.algorithm && answer.algorithm) this.algorithm.value = answer.algorithm;
      const taken = answer.report.filter((line) => line.taken);
      const left = answer.report.filter((line) => !line.taken);
      this.fill.disabled = !answer.form || taken.length === 0; // nothing taken would only reset the form
      setText(this.summary, this.words(answer, taken.length));
      this.report.hidden = !answer.report.length;
      this.report.replaceChildren(this.part(pal.text("presets.left", { count: left.length }), left), this.part(pal.text("presets.taken", { count: taken.length }), taken));
    }

    words(answer, taken) {
      if (answer.form) return `${pal.text("presets.taken_of", { taken, count: answer.report.length })} ${pal.text("presets.rest")}`;
      return pal.text(this.entry && !this.entry.value ? "presets.choose_entry" : "presets.choose_algorithm");
    }

    part(title, lines) {
      if (!lines.length) return h("div", { hidden: true });
      return h("section", { class: "pal-import-part" }, h("h3", { text: title }), h("ul", {}, ...lines.map((line) => this.line(line))));
    }

    line({ key, given, taken, fields, note, near }) {
      const sign = h("span", { class: "pal-import-sign", "aria-hidden": "true" }, pal.icon(taken ? "check" : "close"));
      const source = h("span", { class: "pal-import-source" }, h("code", { text: key }), h("span", { class: "pal-import-given", text: given }));
      const became = Object.entries(fields).map(([path, value]) => h("span", { class: "pal-import-field" }, h("span", { text: `${this.title(path)} ` }), h("b", { text: this.value(path, value) })));
      const hint = near ? ` ${pal.text("presets.perhaps", { setting: this.title(near) })}` : "";
      const remark = note || hint ? h("span", { class: "pal-import-note", text: `${pal.said(note)}${hint}` }) : null;
      return h("li", { class: taken ? "pal-import-line" : "pal-import-line pal-import-left" }, sign, source, h("span", { class: "pal-import-became" }, ...became, remark));
    }

    field(path) {
      return this.model.description.fields.find((each) => each.path === path && (!each.algorithm || each.algorithm === this.answer.algorithm));
    }

    // Of the wrappers, which are one setting, the one that the line has added.
    value(path, value) {
      const one = path === "environment.wrappers" && Array.isArray(value) ? value[value.length - 1] : value;
      if (one?.kwargs || one?.name) return [one.name || one.entry_point, one.kwargs ? JSON.stringify(one.kwargs) : ""].join(" ");
      const field = this.field(path);
      if (field && ["number", "boolean"].includes(typeof one)) return pal.showValue(field, one);
      return typeof one === "string" ? one : JSON.stringify(one);
    }

    // The setting's title as the form has it, with its section; its path where the form has none.
    title(path) {
      const field = this.field(path);
      const section = field && this.model.description.sections.find(({ name }) => name === field.section)?.title;
      return field ? `${section} · ${field.title}` : path;
    }

    done() {
      if (!this.answer.form) return;
      this.box.close();
      this.take(this.answer.form);
    }
  }

  Object.assign(pal, { ImportDialog, importSource });
})();
