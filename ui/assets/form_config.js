// The configuration bar: choose a preset, load, save, save as, import, download, adjust, and what differs from it.
//
// Always holds: nothing that fails changes the form, and what a load replaces can be brought back; of several wishes to
// fill the form only the last is granted, in whatever order the answers come.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const LARGEST_FILE = 1_000_000; // bytes

  class ConfigBar {
    // view: the FormView, for going to a changed field
    constructor(model, view, ask) {
      this.model = model;
      this.view = view;
      this.ask = ask;
      this.presets = [];
      this.combo = new pal.Combobox({
        id: "preset",
        label: pal.text("presets.preset"),
        placeholder: pal.text("presets.choose"),
        load: async () => this.groups(await ask("presets")),
        known: () => (this.presets.length ? this.groups(this.presets) : null),
        choose: (name) => this.load(name),
        leaving: "keep", // for Load: leaving a field replaces no form
        empty: pal.text("presets.none"),
      });
      this.node = h("div", { class: "pal-config", role: "group", "aria-label": pal.text("presets.configuration") }, h("span", { class: "pal-config-label", text: pal.text("presets.configuration") }), this.combo.node, this.buttons(), this.changes());
      model.on("preset", () => this.show());
      model.on("values", () => this.show());
    }

    buttons() {
      this.file = h("input", { type: "file", accept: ".json,.yml,.yaml,application/json,application/yaml", class: "pal-sr-only", id: "preset-file", tabindex: "-1", "aria-label": pal.text("presets.file") });
      this.file.addEventListener("change", () => this.upload());
      const button = (id, key, fn) => {
        const node = h("button", { type: "button", class: "pal-button", id, text: pal.text(`presets.${key}`), data: { tip: pal.text(`presets.${key}.about`) } });
        node.addEventListener("click", fn);
        return node;
      };
      return h(
        "div",
        { class: "pal-config-buttons" },
        button("preset-new", "new", () => this.fresh()),
        button("preset-load", "load", () => this.load(this.combo.text || this.model.preset)),
        button("preset-save", "save", () => this.save()),
        button("preset-save-as", "save_as", () => this.saveAs()),
        button("preset-upload", "import", () => pal.importSource(() => this.file.click(), (source, dialog) => this.take(source, dialog))),
        button("preset-download", "download", () => this.download()),
        button("preset-adjust", "adjust", () => this.adjust()),
        this.file,
      );
    }

    changes() {
      this.changed = h("button", { type: "button", class: "pal-linkbutton pal-config-changed", id: "changed-count", hidden: true, data: { tip: pal.text("presets.next_changed") } });
      this.changed.addEventListener("click", () => this.nextChange());
      this.revert = h("button", { type: "button", class: "pal-linkbutton", id: "preset-revert", text: pal.text("presets.revert"), hidden: true });
      this.revert.addEventListener("click", () => this.replace(() => this.model.revert(), pal.text("presets.reverted")));
      this.score = h("span", { class: "pal-config-score", id: "preset-score" });
      return h("div", { class: "pal-config-state" }, this.score, this.changed, this.revert);
    }

    show() {
      const count = this.model.changed().length;
      this.combo.show(this.model.preset || "");
      const info = this.presets.find(({ name }) => name === this.model.preset);
      setText(this.score, pal.presetScore(info, this.model));
      pal.setTip(this.score, this.score.textContent ? pal.aboutScore(info) : "");
      setText(this.changed, count ? pal.text("presets.changed", { count }) : "");
      this.changed.hidden = count === 0;
      this.revert.hidden = count === 0;
    }

    nextChange() {
      const changed = this.model.changed();
      const next = changed[(changed.findIndex((field) => field.key === this.visited) + 1) % changed.length];
      if (!next) return;
      this.visited = next.key;
      this.view.reveal(next.key);
    }

    listed(presets) {
      this.presets = presets;
      this.show();
    }

    groups(presets) {
      this.presets = presets;
      return pal.presetGroups(presets, this.model.values["environment.id"], this.model.description.algorithms);
    }

    // Change the form in a way that the reader can undo.
    replace(change, message) {
      const before = this.model.copy();
      const dirty = this.model.changed().length > 0;
      change();
      const bar = pal.toast(message, { kind: "success", key: "fill" });
      if (!dirty) return;
      const undo = h("button", { type: "button", class: "pal-linkbutton", text: pal.text("presets.undo") });
      undo.addEventListener("click", () => {
        this.model.restore(before);
        bar.remove();
      });
      bar.querySelector(".pal-toast-text").append(undo);
    }

    // find(): what the form is to be filled from; take(found) fills it; lead: what is said before an error, unless
    // refused(error) says it elsewhere.
    async fillFrom(find, take, lead, refused = (error) => pal.fail(error, lead, "fill")) {
      const wish = (this.wish = {});
      try {
        const found = await find();
        if (wish === this.wish) take(found);
      } catch (error) {
        if (wish !== this.wish) return;
        this.show();
        refused(error);
      }
    }

    // A form that begins from nothing but defaults: the program's, and the reader's own in their place.
    // changes(model): values that are set on top of them; message: what is said of it all then
    fresh(changes = null, message = null) {
      const take = (form) => {
        const done = form.own ? pal.text("presets.new_done_with", { count: form.own }) : pal.text("presets.new_done");
        this.replace(() => this.fill(form, changes), message ?? done);
        if (form.faults.length) this.tellFaults(form.faults);
      };
      return this.fillFrom(() => this.ask("new_form"), take, pal.text("presets.new_failed"));
    }

    // What is wrong with the file of one's own defaults; a fault of no setting in it is one of the whole file.
    tellFaults(faults) {
      const lead = pal.text(faults.some(({ field }) => !field) ? "presets.new_unread" : "presets.new_faults");
      pal.fail(new pal.ApiError(lead, { status: 422, code: "invalid_config", details: faults }), lead, "own defaults");
    }

    fill(form, changes) {
      this.model.load(form);
      if (changes) this.model.assign(changes(this.model));
    }

    // changes(model): values that are set on top of the preset's
    async load(name, changes = null) {
      if (!name) {
        pal.toast(pal.text("presets.choose_first"), { key: "fill" });
        return;
      }
      const take = (form) => this.replace(() => this.fill(form, changes), pal.text("presets.loaded", { name }));
      await this.fillFrom(() => this.ask("load_preset", { name }), take, pal.text("presets.not_loaded", { name }));
    }

    async adjust() {
      if (this.adjusting) return;
      this.adjusting = true;
      const change = (values) => this.replace(() => this.model.assign(values), pal.text("presets.adjusted", { count: Object.keys(values).length }));
      const dialog = new pal.AdjustDialog({ model: this.model, ask: this.ask, change, refused: (error) => this.view.refused(error, pal.text("presets.not_adjusted"), "fill") });
      await dialog.opened;
      this.adjusting = false;
    }

    save() {
      const own = this.presets.find((info) => info.name === this.model.preset && !info.built_in);
      if (own) this.write(own.name, true).catch((error) => this.refused(error));
      else this.saveAs();
    }

    // A form with faults cannot be written at all, which is better said before a name is typed.
    async saveAs() {
      if (this.checking) return;
      this.checking = true;
      try {
        await this.ask("download_preset", { filled: this.model.filled() });
        this.askName();
      } catch (error) {
        this.refused(error);
      } finally {
        this.checking = false;
      }
    }

    // A name for the preset, in a dialog that keeps what was typed when the server refuses it.
    askName() {
      const input = h("input", { class: "pal-input", id: "preset-name", "aria-label": pal.text("presets.name_of"), autocomplete: "off", spellcheck: "false", maxlength: "128" });
      const own = this.presets.some((info) => info.name === this.model.preset && !info.built_in);
      const foreign = this.presets.some((info) => info.name === this.model.preset && info.built_in);
      input.value = this.model.preset ? (own ? this.model.preset : `my_${this.model.preset}`) : "";
      const fault = h("p", { class: "pal-field-fault", role: "alert", hidden: true });
      const save = h("button", { type: "submit", class: "pal-button pal-button-main", id: "preset-name-save", text: pal.text("presets.save") });
      const replace = h("button", { type: "button", class: "pal-button", id: "preset-name-replace", text: pal.text("presets.replace"), hidden: true });
      const cancel = h("button", { type: "button", class: "pal-button", id: "preset-name-cancel", text: pal.text("presets.cancel") });
      const why = foreign ? h("p", { class: "pal-name-why", text: pal.text("presets.save_why", { name: this.model.preset }) }) : null;
      const form = h("form", { class: "pal-name-form" }, why, h("label", { class: "pal-label", for: "preset-name", text: pal.text("presets.name") }), input, fault, h("div", { class: "pal-dialog-buttons" }, cancel, replace, save));
      const box = pal.dialog(pal.text("presets.save_title"), form, { className: "pal-dialog-small" });
      const attempt = async (over) => {
        try {
          await this.write(input.value.trim(), over);
          box.close();
        } catch (error) {
          setText(fault, pal.errorText(error));
          fault.hidden = false;
          replace.hidden = error.code !== "conflict" || !this.presets.some((info) => info.name === input.value.trim() && !info.built_in);
        }
      };
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        attempt(!pal.preferences.get("ask.overwrite_preset"));
      });
      replace.addEventListener("click", () => attempt(true));
      cancel.addEventListener("click", () => box.close());
      input.select();
    }

    async write(name, replace) {
      const answer = await this.ask("save_preset", { name, filled: this.model.filled(), replace });
      this.presets = answer.presets;
      this.model.saved(answer.name);
      pal.toast(pal.text("presets.saved", { name: answer.name }), { kind: "success", key: "save" });
    }

    refused(error) {
      this.view.refused(error, pal.text("presets.not_saved"), "save");
    }

    // A file of ours fills the form at once; of another program's the reader first sees what can be taken.
    async upload() {
      const [file] = this.file.files;
      this.file.value = "";
      if (file) await this.take(file);
    }

    // source: a file, or what was pasted as { text }, then with the dialog that it was pasted into
    async take(source, dialog = null) {
      const pasted = typeof source.text === "string";
      const title = pasted ? pal.text("presets.pasted") : source.name;
      const size = pasted ? new Blob([source.text]).size : source.size;
      const filled = (form) => this.replace(() => this.model.load(form), pal.text("presets.filled", { file: title }));
      const find = async () => {
        if (size > LARGEST_FILE) throw new pal.ApiError(pal.text("presets.too_large", { bytes: size, most: LARGEST_FILE }));
        const asked = { text: pasted ? source.text : await source.text(), file_name: pasted ? "" : source.name };
        return { asked, answer: await this.ask("import_preset", asked) };
      };
      const take = ({ asked, answer }) => {
        if (dialog && !dialog.isOpen()) return; // its reader has thought better of it
        dialog?.understood();
        if (answer.format === "preset") filled(answer.form);
        else new pal.ImportDialog({ asked, title, answer, ask: this.ask, model: this.model, take: filled });
      };
      await this.fillFrom(find, take, pal.text("presets.not_taken", { file: title }), dialog?.refused);
    }

    async download() {
      try {
        const { name, text } = await this.ask("download_preset", { filled: this.model.filled() });
        const link = h("a", { href: URL.createObjectURL(new Blob([text], { type: "application/json" })), download: name });
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 10000);
        pal.settled("save");
      } catch (error) {
        this.refused(error);
      }
    }
  }

  pal.ConfigBar = ConfigBar;
})();
