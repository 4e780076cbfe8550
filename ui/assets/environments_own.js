// One's own environments: the files in the folder, what was decided about each, and what its check said.
//
// Always holds: no file is run before its reader has said so in a dialog that says what that means; the file that is
// enabled is the one that was shown, by its digest.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText, text } = pal;
  const EXAMPLE = "example_corridor";
  const LOOK = 2000; // ms between two looks at a check that was begun elsewhere, perhaps by this page before a reload

  class OwnEnvironments {
    // changed(): something was enabled or disabled, so the list of environments is another one
    constructor(changed) {
      this.changed = changed;
      this.checks = new Map(); // name -> when its check began here
      this.since = new Map(); // name -> when its check was first seen here
      this.clocks = []; // what tells how long each check takes
      this.files = [];
      setInterval(() => this.clocks.forEach((tick) => tick()), 1000);
      this.folder = h("code", { class: "pal-envs-folder" });
      this.rows = h("div", { class: "pal-envs-files" });
      const intro = h("p", { text: text("environments.own.intro") });
      const where = h("p", { class: "pal-envs-where" }, h("span", { text: text("environments.own.folder") }), this.folder, pal.copyButton(() => this.folder.textContent, text("environments.own.copy_folder")));
      this.node = h("section", { class: "pal-envs-own", "aria-label": text("environments.own.title") }, intro, where, this.rows);
    }

    take({ folder, files }) {
      setText(this.folder, folder);
      this.files = files;
      for (const name of this.since.keys()) if (!files.some((file) => file.name === name && file.checking)) this.since.delete(name);
      this.draw();
      this.follow();
    }

    // A check that is not awaited here is looked at until it has ended, while somebody sees it.
    follow() {
      clearTimeout(this.timer);
      if (this.files.some((file) => file.checking && !this.checks.has(file.name))) this.timer = setTimeout(() => this.look(), LOOK);
    }

    async look() {
      if (document.hidden || !this.node.checkVisibility()) {
        this.follow();
        return;
      }
      try {
        const own = await pal.api.ownEnvironments();
        if (pal.canonical(own.files) !== pal.canonical(this.files)) await this.changed();
      } catch {
        // The status bar says that the server is gone.
      }
      this.follow();
    }

    put(file) {
      this.files = this.files.map((each) => (each.name === file.name ? file : each));
      this.draw();
    }

    // Whoever pressed a button of a card goes on at that one, or at the first that the card has now.
    draw() {
      const pressed = document.activeElement;
      const name = pressed?.closest(".pal-envs-file")?.dataset.name;
      pal.keepFocus(this.rows, () => this.drawCards(), () => {
        const card = [...this.rows.children].find((each) => each.dataset.name === name);
        const buttons = [...(card?.querySelectorAll(".pal-actions button") ?? [])];
        return buttons.find((each) => each.dataset.action === pressed.dataset.action) || buttons[0];
      });
    }

    drawCards() {
      this.clocks = [];
      if (this.files.length) this.rows.replaceChildren(...this.files.map((file) => this.card(file)));
      else this.rows.replaceChildren(h("p", { class: "pal-muted", text: text("environments.own.empty") }));
    }

    card(file) {
      const checking = file.checking || this.checks.has(file.name);
      const state = checking ? "checking" : file.state;
      const badge = h("span", { class: "pal-envs-state", data: { state }, text: text(`environments.own.state.${state}`) });
      const when = h("span", { class: "pal-muted", text: text("environments.own.changed_at", { ago: pal.format.ago(file.modified_at) }), data: { tip: pal.format.exact(file.modified_at) } });
      const head = h("div", { class: "pal-envs-filehead" }, h("code", { text: file.file }), badge, when);
      const box = h("article", { class: "pal-envs-file", data: { name: file.name, state }, "aria-label": file.file }, head);
      if (file.name === EXAMPLE && state === "new") box.append(h("p", { class: "pal-muted", text: text("environments.own.example") }));
      if (state === "changed") box.append(h("p", { text: text("environments.own.changed") }));
      if (file.ids.length) box.append(h("p", { class: "pal-envs-ids" }, h("span", { text: text("environments.own.ids") }), ...file.ids.map((id) => this.link(id, file))));
      if (file.problems.length && !checking) box.append(this.problems(file));
      box.append(checking ? this.progress(file) : this.actions(file));
      return box;
    }

    link(id, file) {
      if (file.state !== "enabled") return h("code", { text: id });
      const button = h("button", { type: "button", class: "pal-linkbutton", text: id });
      button.addEventListener("click", () => pal.goTo(`#environments/${encodeURIComponent(id)}`));
      return button;
    }

    problems(file) {
      const row = (problem) => {
        const place = h("button", { type: "button", class: "pal-linkbutton", text: this.place(problem, file) });
        const own = !problem.file || problem.file === file.file;
        place.addEventListener("click", () => this.read(file, own ? problem.line : null));
        const kind = text(`environments.own.${problem.severity}`);
        const message = problem.id ? `${problem.id}: ${problem.message}` : problem.message;
        return h("li", { data: { severity: problem.severity } }, h("b", { text: kind }), place, h("span", { text: message }));
      };
      return h("ul", { class: "pal-envs-problems" }, ...file.problems.map(row));
    }

    place(problem, file) {
      const name = problem.file || file.file;
      return problem.line ? text("environments.own.line", { file: name, line: String(problem.line) }) : name;
    }

    // ---- what can be done ----------------------------------------------------------------------------------

    actions(file) {
      const button = (key, fn, main = false) => {
        const node = h("button", { type: "button", class: `pal-button${main ? " pal-button-main" : ""}`, text: text(key), data: { action: key.split(".").pop() } });
        node.addEventListener("click", fn);
        return node;
      };
      const row = [button("environments.own.read", () => this.read(file))];
      if (file.state === "enabled") row.unshift(button("environments.own.disable", () => this.act(file, "disable")));
      else row.unshift(button(file.state === "broken" ? "environments.own.check_again" : "environments.own.enable", () => this.ask(file), true));
      const imported = file.ids.length > 0;
      if (file.state === "broken" && imported) row.push(button("environments.own.despite", () => this.ask(file, true)));
      return h("div", { class: "pal-actions" }, ...row);
    }

    progress(file) {
      if (!this.since.has(file.name)) this.since.set(file.name, Date.now());
      const began = this.checks.get(file.name) ?? this.since.get(file.name);
      // That it is being tried is said once; the seconds, which are another every time, are only for the eye.
      const line = h("span", { "aria-hidden": "true" });
      const told = h("span", { role: "status", class: "pal-sr-only", text: text("environments.own.state.checking") });
      const say = () => setText(line, text("environments.own.trying", { seconds: Math.round((Date.now() - began) / 1000) }));
      say();
      this.clocks.push(say);
      const cancel = h("button", { type: "button", class: "pal-button", text: text("environments.own.cancel") });
      cancel.addEventListener("click", () => this.cancel(file));
      return h("div", { class: "pal-actions" }, line, told, cancel);
    }

    async cancel(file) {
      const key = `environments.${file.name}.cancel`;
      try {
        await pal.api.decideEnvironment(file.name, "cancel");
        pal.settled(key);
        if (!this.checks.has(file.name)) this.look();
      } catch (error) {
        if (error.code === "conflict") this.look(); // it has ended by itself
        else pal.fail(error, text("environments.own.not_cancelled", { file: file.file }), key);
      }
    }

    ask(file, despite = false) {
      const go = h("button", { type: "button", class: "pal-button pal-button-main", id: "environment-enable", text: text(despite ? "environments.own.despite" : "environments.own.enable") });
      const stay = h("button", { type: "button", class: "pal-button", text: text("environments.own.stay") });
      const content = h(
        "div",
        { class: "pal-envs-ask" },
        h("p", { text: text("environments.own.dialog", { file: file.file }) }),
        h("p", { text: text(despite ? "environments.own.dialog_despite" : "environments.own.dialog_check") }),
        h("div", { class: "pal-dialog-buttons" }, stay, go),
      );
      const box = pal.dialog(text("environments.own.ask", { file: file.file }), content, { className: "pal-dialog-small" });
      stay.addEventListener("click", () => box.close());
      go.addEventListener("click", () => {
        box.close();
        this.act(file, "enable", { digest: file.digest, despite });
      });
      go.focus();
    }

    async act(file, action, body) {
      if (action === "enable") this.checks.set(file.name, Date.now());
      this.draw();
      const key = `environments.${file.name}`;
      try {
        const answer = await pal.api.decideEnvironment(file.name, action, body);
        pal.settled(key);
        this.checks.delete(file.name);
        this.put(answer);
        if (answer.state === "enabled") pal.toast(text("environments.own.enabled", { file: file.file }), { kind: "success", key });
      } catch (error) {
        this.checks.delete(file.name);
        if (error.code === "conflict") pal.toast(error.message, { key });
        else pal.fail(error, text("environments.own.failed", { file: file.file }), key);
        this.draw();
      }
      this.changed();
    }

    // The file's text with numbered lines, at the line that a problem names.
    async read(file, line = null) {
      let lines;
      try {
        lines = (await pal.api.ownEnvironmentText(file.name)).text.split("\n");
      } catch (error) {
        pal.fail(error, text("environments.own.unreadable", { file: file.file }));
        return;
      }
      const rows = lines.map((each, index) => h("span", { class: "pal-envs-line", data: { number: index + 1, marked: String(index + 1 === line) }, text: `${each}\n` }));
      const content = h("pre", { class: "pal-envs-text", tabindex: "0" }, ...rows);
      pal.dialog(file.file, content, { className: "pal-dialog-wide" });
      if (line) rows[line - 1]?.scrollIntoView({ block: "center" });
    }
  }

  Object.assign(pal, { OwnEnvironments });
})();
