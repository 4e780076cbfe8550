// The configuration bar: choose a preset, load, save, save as, upload, download, and what differs from it.
//
// Always holds: nothing that fails changes the form, and what a load replaces can be brought back.
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
        label: "Preset",
        placeholder: "Choose a preset",
        load: async () => this.groups(await ask("presets")),
        choose: (name) => this.load(name),
        empty: "No preset of that name.",
      });
      this.node = h("div", { class: "pal-config", role: "group", "aria-label": "Configuration" }, h("span", { class: "pal-config-label", text: "Configuration" }), this.combo.node, this.buttons(), this.changes());
      model.on("preset", () => this.show());
      model.on("values", () => this.show());
    }

    buttons() {
      this.file = h("input", { type: "file", accept: ".json,application/json", class: "pal-sr-only", id: "preset-file", tabindex: "-1", "aria-label": "Preset file" });
      this.file.addEventListener("change", () => this.upload());
      const button = (id, text, tip, fn) => {
        const node = h("button", { type: "button", class: "pal-button", id, text, data: { tip } });
        node.addEventListener("click", fn);
        return node;
      };
      return h(
        "div",
        { class: "pal-config-buttons" },
        button("preset-load", "Load", "Fill the form with the preset as it was saved", () => this.load(this.combo.value || this.model.preset)),
        button("preset-save", "Save", "Save to the preset you loaded, if it is your own", () => this.save()),
        button("preset-save-as", "Save as", "Save under a name of your own", () => this.saveAs()),
        button("preset-upload", "Upload", "Fill the form from a preset file", () => this.file.click()),
        button("preset-download", "Download", "Get this form as a preset file", () => this.download()),
        this.file,
      );
    }

    changes() {
      this.changed = h("button", { type: "button", class: "pal-linkbutton pal-config-changed", id: "changed-count", hidden: true, data: { tip: "Go to the next changed field" } });
      this.changed.addEventListener("click", () => this.nextChange());
      this.revert = h("button", { type: "button", class: "pal-linkbutton", id: "preset-revert", text: "Revert", hidden: true });
      this.revert.addEventListener("click", () => this.replace(() => this.model.revert(), "All changes were taken back."));
      return h("div", { class: "pal-config-state" }, this.changed, this.revert);
    }

    show() {
      const count = this.model.changed().length;
      this.combo.show(this.model.preset || "");
      setText(this.changed, count ? `changed: ${count} ${count === 1 ? "field" : "fields"}` : "");
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
      const entry = (info) => ({
        value: info.name,
        label: info.name,
        detail: info.problem || info.title || "",
        search: `${info.environment} ${info.algorithm} ${info.description}`,
        disabled: Boolean(info.problem),
      });
      const group = (title, own) => ({ title, entries: presets.filter((info) => info.built_in !== own).map(entry) });
      return [group("Yours", true), group("Built in", false)].filter((each) => each.entries.length);
    }

    // Change the form in a way that the reader can undo.
    replace(change, message) {
      const before = this.model.copy();
      const dirty = this.model.changed().length > 0;
      change();
      const bar = pal.toast(message, { kind: "success", key: "fill" });
      if (!dirty) return;
      const undo = h("button", { type: "button", class: "pal-linkbutton", text: "Undo" });
      undo.addEventListener("click", () => {
        this.model.restore(before);
        bar.remove();
      });
      bar.querySelector(".pal-toast-text").append(undo);
    }

    async load(name) {
      if (!name) {
        pal.toast("Choose a preset first.", { key: "fill" });
        return;
      }
      try {
        const form = await this.ask("load_preset", { name });
        this.replace(() => this.model.load(form), `Loaded ${name}.`);
      } catch (error) {
        this.show();
        pal.fail(error, `${name} could not be loaded`, "fill");
      }
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
      const input = h("input", { class: "pal-input", id: "preset-name", "aria-label": "Name of the preset", autocomplete: "off", spellcheck: "false", maxlength: "128" });
      const own = this.presets.some((info) => info.name === this.model.preset && !info.built_in);
      input.value = this.model.preset ? (own ? this.model.preset : `my_${this.model.preset}`) : "";
      const fault = h("p", { class: "pal-field-fault", role: "alert", hidden: true });
      const save = h("button", { type: "submit", class: "pal-button pal-button-main", id: "preset-name-save", text: "Save" });
      const replace = h("button", { type: "button", class: "pal-button", id: "preset-name-replace", text: "Replace it", hidden: true });
      const form = h("form", { class: "pal-name-form" }, h("label", { class: "pal-label", for: "preset-name", text: "Name" }), input, fault, h("div", { class: "pal-dialog-buttons" }, replace, save));
      const box = pal.dialog("Save as a preset", form, { className: "pal-dialog-small" });
      const attempt = async (over) => {
        try {
          await this.write(input.value.trim(), over);
          box.close();
        } catch (error) {
          setText(fault, error.message);
          fault.hidden = false;
          replace.hidden = error.code !== "conflict" || !this.presets.some((info) => info.name === input.value.trim() && !info.built_in);
        }
      };
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        attempt(false);
      });
      replace.addEventListener("click", () => attempt(true));
      input.select();
    }

    async write(name, replace) {
      const answer = await this.ask("save_preset", { name, filled: this.model.filled(), replace });
      this.presets = answer.presets;
      this.model.saved(answer.name);
      pal.toast(`Saved as ${answer.name}.`, { kind: "success", key: "save" });
    }

    refused(error) {
      this.view.refused(error, "Nothing was saved", "save");
    }

    async upload() {
      const [file] = this.file.files;
      this.file.value = "";
      if (!file) return;
      try {
        if (file.size > LARGEST_FILE) throw new pal.ApiError(`The file has ${pal.format.count(file.size)} bytes; a preset has at most ${pal.format.count(LARGEST_FILE)}.`);
        const form = await this.ask("upload_preset", { text: await file.text(), file_name: file.name });
        this.replace(() => this.model.load(form), `Filled in from ${file.name}. Save as keeps it as a preset.`);
      } catch (error) {
        pal.fail(error, `${file.name} was not taken, the form is as it was`, "fill");
      }
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
