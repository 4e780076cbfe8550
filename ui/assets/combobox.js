// A text field with a list that it searches: groups with headings, hundreds of entries, all of it by keyboard.
//
// Always holds: what is shown in the closed field is the chosen value, or, where `leaving` is "keep", the text that was
// left there. Follows the "editable combobox with list autocomplete" pattern of the ARIA practices guide.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;
  let serial = 0;

  class Combobox {
    // load(): promise of [{title, entries: [{value, label, detail, aside, search, disabled, older}]}]; asked at each opening.
    // known(): the same list as far as it is known already, shown until the promise has come; null when nothing is.
    // choose(value): called when the reader picks; `free` also lets a typed text be chosen that is not in the list.
    // `remote`: load(text) itself finds what matches, for lists too long to be held here; `title(value)` is what the
    // closed field shows for a value. `leaving`: what becomes of a text that is typed and then left: "choose" takes it, as
    // the entry that is called so or, where `free`, as it stands; "keep" leaves it there, to be read from `text`; "forget",
    // for what is searched and not filled in, shows the chosen value again.
    constructor({ id, label, placeholder, load, known = () => null, choose, free = false, remote = false, leaving = "forget", title = (value) => value, empty = pal.text("combobox.none") }) {
      serial += 1;
      this.value = "";
      this.load = load;
      this.known = known;
      this.listed = ""; // what the list shows, to build it anew only when that has changed
      this.choose = choose;
      this.free = free;
      this.remote = remote;
      this.leaving = leaving;
      this.kept = ""; // the text that was left without a choice
      this.title = title;
      this.empty = empty;
      this.options = [];
      this.active = -1;
      this.listId = `pal-combo-list-${serial}`;
      this.input = h("input", {
        id,
        type: "text",
        class: "pal-input pal-combo-input",
        role: "combobox",
        autocomplete: "off",
        spellcheck: "false",
        placeholder,
        "aria-label": label,
        "aria-expanded": "false",
        "aria-controls": this.listId,
        "aria-autocomplete": "list",
      });
      this.list = h("div", { class: "pal-combo-list", id: this.listId, role: "listbox", "aria-label": label, hidden: true });
      this.node = h("div", { class: "pal-combo" }, this.input, h("span", { class: "pal-combo-mark" }), this.list);
      this.listen();
    }

    listen() {
      this.input.addEventListener("click", () => this.open());
      this.input.addEventListener("input", () => {
        this.typed = true; // perhaps before the list has arrived
        if (this.opened && (this.remote || this.failed)) this.askSoon();
        else if (this.opened && this.note) this.filter(this.input.value);
        else this.open();
      });
      this.input.addEventListener("keydown", (event) => this.key(event));
      this.input.addEventListener("blur", () => this.leave());
      // The list must not take the focus, or the field would close before the click arrives.
      this.list.addEventListener("mousedown", (event) => event.preventDefault());
      this.list.addEventListener("click", (event) => {
        const option = event.target.closest("[role=option]");
        if (option && option.getAttribute("aria-disabled") !== "true") this.pick(option.dataset.value);
      });
    }

    get opened() {
      return !this.list.hidden;
    }

    show(value) {
      if (value !== this.value) this.kept = "";
      this.value = value;
      if (!this.opened) this.input.value = this.kept || this.title(value);
    }

    // What the closed field says: the name of an entry where one is called so, whichever letters are capitals.
    get text() {
      return this.called(this.kept)?.value ?? (this.kept || this.value);
    }

    called(text) {
      const same = (value) => value.toLowerCase() === text.toLowerCase();
      return this.options.find(({ value }) => value === text) || this.options.find(({ value }) => same(value));
    }

    leave() {
      if (document.activeElement === this.input) return; // the window was left, and not the field
      this.settle();
    }

    // The end of typing without a choice from the list.
    settle() {
      const text = this.typed ? this.input.value.trim() : "";
      const found = this.called(text);
      if (text && this.leaving === "choose" && (found || this.free)) this.pick(found ? found.value : text);
      else this.close(this.leaving !== "keep" ? "" : this.typed ? text : this.kept);
    }

    async open() {
      if (this.opened) return;
      this.list.hidden = false;
      this.input.setAttribute("aria-expanded", "true");
      if (!this.typed) this.input.select(); // what opened the list by being typed is kept
      const known = this.known();
      if (known) this.fill(known);
      if (this.options.length) this.filter(this.typed ? this.input.value : "");
      else this.list.replaceChildren(h("div", { class: "pal-combo-note", text: pal.text("combobox.loading") }));
      await this.ask();
    }

    askSoon() {
      clearTimeout(this.pause);
      this.pause = setTimeout(() => this.ask(), 200);
    }

    async ask() {
      const asked = (this.asked = {}); // a later question makes the answer to this one worthless
      try {
        const groups = await this.load(this.typed ? this.input.value : "");
        if (asked !== this.asked) return;
        this.failed = false;
        if (!this.fill(groups) && !this.remote) return;
      } catch (error) {
        if (asked !== this.asked) return;
        // The list is built anew when it comes, even if it is the one that stood here before.
        Object.assign(this, { failed: true, options: [], listed: "", active: -1 });
        this.input.removeAttribute("aria-activedescendant");
        this.list.replaceChildren(h("div", { class: "pal-combo-note", text: pal.text("combobox.failed", { reason: pal.errorText(error) }) }));
        return;
      }
      if (this.opened) this.filter(this.typed ? this.input.value : "");
    }

    // Returns whether the list is another one now.
    fill(groups) {
      const listed = JSON.stringify(groups);
      if (listed === this.listed && this.options.length) return false;
      this.listed = listed;
      this.options = [];
      const nodes = groups.map((group) => {
        const box = h("div", { role: "group", "aria-label": group.title });
        box.append(h("div", { class: "pal-combo-group", text: group.title, "aria-hidden": "true" }));
        for (const entry of group.entries) box.append(this.option(entry, box));
        return box;
      });
      this.note = h("div", { class: "pal-combo-note", text: this.empty, hidden: true });
      this.list.replaceChildren(...nodes, this.note);
      return true;
    }

    option(entry, box) {
      const node = h(
        "div",
        {
          role: "option",
          id: `${this.listId}-${this.options.length}`,
          class: "pal-combo-option",
          data: { value: entry.value },
          "aria-selected": String(entry.value === this.value),
          "aria-disabled": entry.disabled ? "true" : null,
        },
        h("span", { class: "pal-combo-label", text: entry.label }),
        entry.detail ? h("span", { class: "pal-combo-detail", text: entry.detail }) : null,
        entry.aside ? h("span", { class: "pal-combo-aside", text: entry.aside, title: entry.asideAbout || null }) : null,
      );
      const search = `${entry.value} ${entry.label} ${entry.detail || ""} ${entry.search || ""}`.toLowerCase();
      this.options.push({ node, box, search, name: `${entry.value} ${entry.label}`.toLowerCase(), value: entry.value, older: Boolean(entry.older), shown: false });
      return node;
    }

    // Every word must occur, or, where none has them all, be near a word of the name; older versions appear only once
    // something is searched for.
    filter(text) {
      const words = this.remote ? [] : text.toLowerCase().split(/\s+/).filter(Boolean);
      const boxes = new Map();
      let fits = (option, word) => option.search.includes(word);
      const found = (option) => words.every((word) => fits(option, word));
      if (words.length && !this.free && !this.options.some(found)) fits = (option, word) => option.search.includes(word) || pal.near(word, option.name);
      for (const option of this.options) {
        option.node.setAttribute("aria-selected", String(option.value === this.value));
        option.shown = words.length ? found(option) : option.value === this.value || !option.older;
        option.node.hidden = !option.shown;
        boxes.set(option.box, boxes.get(option.box) || option.shown);
      }
      for (const [box, shown] of boxes) box.hidden = !shown;
      const shown = this.options.filter((option) => option.shown);
      this.note.hidden = shown.length > 0;
      const chosen = shown.findIndex((option) => option.value === this.value);
      // What is called so comes before what is only said to have to do with it.
      const named = shown.findIndex((option) => words.every((word) => option.name.includes(word)));
      const searched = words.length > 0 || (this.remote && this.typed);
      this.activate(searched ? (shown.length ? Math.max(named, 0) : -1) : chosen, shown);
    }

    activate(index, shown = this.options.filter((option) => option.shown)) {
      this.active = index;
      for (const option of this.options) option.node.classList.remove("pal-active");
      const option = shown[index];
      if (!option) {
        this.input.removeAttribute("aria-activedescendant");
        return;
      }
      option.node.classList.add("pal-active");
      this.input.setAttribute("aria-activedescendant", option.node.id);
      option.node.scrollIntoView({ block: "nearest" });
    }

    key(event) {
      const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
      if (event.key in steps) {
        event.preventDefault();
        if (!this.opened) this.open();
        else this.move(steps[event.key]);
      } else if (event.key === "Enter" && this.opened && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        this.accept();
      } else if (event.key === "Enter" && this.opened) {
        this.settle(); // the form is about to be sent
      } else if (event.key === "Escape" && this.opened) {
        event.preventDefault();
        event.stopPropagation();
        this.close();
      }
    }

    move(step) {
      const shown = this.options.filter((option) => option.shown);
      if (!shown.length) return;
      this.activate(Math.min(Math.max(this.active + step, 0), shown.length - 1), shown);
    }

    accept() {
      const typed = this.input.value.trim();
      const shown = this.options.filter((option) => option.shown);
      const exact = this.options.find((option) => option.value === typed);
      const option = exact || shown[this.active];
      if (option && option.node.getAttribute("aria-disabled") !== "true") this.pick(option.value);
      else if (this.free && typed) this.pick(typed);
    }

    pick(value) {
      this.value = value;
      this.close();
      this.choose(value);
    }

    close(kept = "") {
      this.kept = kept;
      this.list.hidden = true;
      this.typed = false;
      this.input.setAttribute("aria-expanded", "false");
      this.input.removeAttribute("aria-activedescendant");
      this.input.value = kept || this.title(this.value);
    }
  }

  // Whether a word is meant that occurs in `text`: its letters in this order within one word, or one or two slips.
  function near(word, text) {
    if (word.length < 3) return false;
    const slips = word.length < 4 ? 0 : word.length < 8 ? 1 : 2;
    return text.split(/[\s_/-]+/).some((part) => follows(word, part) || distance(word, part.slice(0, word.length + slips), slips) <= slips);
  }

  function follows(word, part) {
    let at = 0;
    for (const letter of part) if (letter === word[at]) at += 1;
    return at === word.length && part.length <= 2 * word.length;
  }

  // How many letters are wrong, missing, too many or swapped; `most` + 1 as soon as it is more than that.
  function distance(word, part, most) {
    let [before, row] = [null, Array.from({ length: part.length + 1 }, (_, index) => index)];
    for (let i = 1; i <= word.length; i += 1) {
      const next = [i];
      for (let j = 1; j <= part.length; j += 1) {
        next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (word[i - 1] === part[j - 1] ? 0 : 1));
        if (before && word[i - 1] === part[j - 2] && word[i - 2] === part[j - 1]) next[j] = Math.min(next[j], before[j - 2] + 1);
      }
      if (Math.min(...next) > most) return most + 1;
      [before, row] = [row, next];
    }
    return Math.min(...row.slice(-most - 1)); // what follows the word may be left out
  }

  Object.assign(pal, { Combobox, near });
})();
