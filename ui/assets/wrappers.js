// The list editor of wrappers: what stands between the environment and the agent, in order, checked as one types.
//
// Always holds: the value is JSON text, as the server sends and takes it; what the list does not understand is kept to
// the letter; a text that is no list of wrappers is shown as text, where it can be mended.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;

  // ---- spaces in words ----------------------------------------------------------------------------------------

  // {kind, shape | n | parts | name} -> "96 × 96 × 3 image"; `part` is "observation" or "action"
  function spaceInWords(space, part) {
    if (space.kind === "vector") return pal.text(`wrappers.${part}.vector`, { count: space.shape[0] });
    if (["image", "array"].includes(space.kind)) return pal.text(`wrappers.space.${space.kind}`, { size: pal.format.shape(space.shape, { image: space.kind === "image" }) });
    if (space.kind === "discrete") return pal.text(`wrappers.${part}.discrete`, { count: space.n });
    if (space.kind === "dict") return pal.text("wrappers.space.dict", { parts: space.parts.join(", ") });
    if (["choices", "switches"].includes(space.kind)) return pal.text(`wrappers.space.${space.kind}`, { count: space.n });
    return space.name;
  }

  const both = (layer) => `${spaceInWords(layer.observation, "observation")}, ${spaceInWords(layer.action, "action")}`;

  // What an Atari game has had done to it before any wrapper; options as trainer/envs/atari_options.py names them.
  function atariSteps(options) {
    const { frameskip, noop_max: noops, repeat_action_probability: sticky, screen_size: size, frame_stack: stack } = options;
    const drawn = Array.isArray(frameskip);
    const least = drawn ? frameskip[0] : frameskip;
    const say = (key, values = {}) => pal.text(`wrappers.atari.${key}`, values);
    return [
      drawn ? say("skip_drawn", { least, most: frameskip[1] - 1 }) : frameskip > 1 && say("skip", { count: frameskip }),
      options.maxpool && least > 1 && say("brighter"),
      say("grey", { size: pal.format.shape([size, size]) }),
      stack > 1 && say("stack", { count: stack }),
      sticky > 0 && say("sticky", { share: pal.format.percent(sticky) }),
      noops > 1 && say("noops", { count: noops - 1 }),
      options.fire_reset && say("fire"),
      options.terminal_on_life_loss && say("lives"),
      options.clip_reward && say("rewards"),
    ].filter(Boolean).join(pal.text("form.comma"));
  }

  // What stands above the list of `count` wrappers: what they are put around.
  function bareInWords(bare, count) {
    const spaces = both(bare);
    if (bare.atari) return pal.text("wrappers.atari", { spaces, steps: atariSteps(bare.atari) });
    return pal.text(count ? "wrappers.bare" : "wrappers.none", { spaces });
  }

  // What changes from one side of a wrapper to the other; where nothing does, what stays.
  function between(before, after) {
    const changes = ["observation", "action"]
      .filter((part) => pal.canonical(before[part]) !== pal.canonical(after[part]))
      .map((part) => `${spaceInWords(before[part], part)} → ${spaceInWords(after[part], part)}`);
    return changes.length ? changes.join(", ") : pal.text("wrappers.unchanged", { spaces: both(before) });
  }

  // ---- the value ----------------------------------------------------------------------------------------------

  // The entries of a text, or null where it is no list of objects.
  function entriesOf(text) {
    if (!text.trim()) return [];
    try {
      const read = JSON.parse(text);
      return Array.isArray(read) && read.every((each) => each && typeof each === "object" && !Array.isArray(each)) ? read : null;
    } catch {
      return null;
    }
  }

  // A line for each wrapper.
  function inLines(entries) {
    return entries.length ? `[\n${entries.map((entry) => `  ${JSON.stringify(entry)}`).join(",\n")}\n]` : "[]";
  }

  // "3 wrappers", for where the list itself has no room.
  function wrappersInWords(text) {
    const entries = entriesOf(String(text ?? ""));
    return entries === null ? pal.text("wrappers.text") : pal.text("wrappers.count", { count: entries.length });
  }

  const firstSentence = (text) => text.split(/(?<=[.!?])\s|(?<=[。！？])/)[0];

  class WrapperList {
    // known: {groups, known, fields} of ui/components/wrapper_editor.py; turnOn(path): sets a field that does the same;
    // mend(fault): a button for the fix that came with it, or null
    constructor(field, known, { turnOn, mend }) {
      Object.assign(this, { field, offered: known, turnOn, mend, rows: [], text: "[]", asText: false, layers: [], tell: () => {}, repaint: () => {} });
      this.known = new Map(known.known.map((each) => [each.name, each]));
      this.bare = h("p", { class: "pal-wrappers-bare" });
      this.list = h("ol", { class: "pal-wrappers-list" });
      this.said = h("span", { class: "pal-sr-only", "aria-live": "polite" });
      this.combo = new pal.Combobox({
        label: pal.text("wrappers.add"),
        placeholder: pal.text("wrappers.add"),
        load: async () => this.offers(),
        choose: (value) => this.add(value),
        free: true,
        empty: pal.text("wrappers.other"),
      });
      this.toggle = h("button", { type: "button", class: "pal-linkbutton pal-wrappers-toggle" });
      this.toggle.addEventListener("click", () => this.turn());
      this.area = h("textarea", { class: "pal-input pal-area pal-figures pal-wrappers-text", rows: 6, spellcheck: "false", "aria-label": pal.text("wrappers.as_text"), hidden: true });
      this.area.addEventListener("input", () => this.typed());
      const foot = h("div", { class: "pal-wrappers-foot" }, this.combo.node, this.toggle);
      this.node = h("div", { class: "pal-wrappers", role: "group" }, this.bare, this.list, this.area, foot, this.said);
      this.show();
    }

    offers() {
      const { groups, known, fields } = this.offered;
      return groups.map((group) => ({
        title: pal.said(group),
        entries: [...known, ...fields]
          .filter((each) => each.group === group)
          .map((each) => ({ value: each.name, label: pal.said(each.title), detail: firstSentence(pal.said(each.about)), search: `${each.title} ${each.about}` })),
      }));
    }

    // ---- what the field asks of a control ---------------------------------------------------------------------

    read() {
      return this.text;
    }

    write(text) {
      const given = String(text ?? "");
      const entries = entriesOf(given);
      const same = !this.asText && entries !== null && pal.canonical(entries) === pal.canonical(this.entries());
      this.text = given;
      if (same) return;
      this.asText = entries === null;
      this.fill(entries ?? []);
      this.area.value = this.asText ? given : "";
      this.show();
    }

    entries() {
      return this.rows.map((row) => row.entry);
    }

    fill(entries) {
      this.layers = [];
      this.rows = entries.map((entry) => this.row(entry));
      this.list.replaceChildren(...this.rows.map((row) => row.node));
    }

    row(entry) {
      const row = new pal.WrapperRow(entry, this.known.get(entry.name), {
        changed: () => this.changed(),
        moved: (by) => this.move(row, by),
        removed: () => this.remove(row),
      });
      return row;
    }

    // Something in the list is another now: tell the form, and wait for what the server makes of it.
    changed() {
      this.text = JSON.stringify(this.entries());
      this.node.classList.add("pal-wrappers-stale");
      this.tell(this.text);
      this.show();
    }

    show() {
      const { length } = this.rows;
      this.rows.forEach((row, index) => row.placed(index, length));
      this.list.hidden = this.asText || length === 0;
      this.area.hidden = !this.asText;
      this.combo.node.hidden = this.asText;
      setText(this.toggle, pal.text(this.asText ? "wrappers.as_list" : "wrappers.as_text"));
      this.showLayers(this.layers);
    }

    // ---- adding, moving, removing -----------------------------------------------------------------------------

    add(value) {
      this.combo.show("");
      const instead = this.offered.fields.find((each) => each.name === value);
      if (instead) {
        this.turnOn(instead.field);
        return;
      }
      const known = this.known.get(value);
      const entry = known ? { name: value, kwargs: { ...known.start } } : value.includes(":") ? { entry_point: value, kwargs: {} } : { name: value, kwargs: {} };
      const row = this.row(entry);
      this.rows.push(row);
      this.list.append(row.node);
      this.changed();
      row.first.focus();
      this.announce("wrappers.added", row);
    }

    move(row, by) {
      const from = this.rows.indexOf(row);
      const to = from + by;
      if (to < 0 || to >= this.rows.length) return;
      const focused = document.activeElement;
      this.rows.splice(from, 1);
      this.rows.splice(to, 0, row);
      // The other row steps aside, so that the one with the focus keeps it.
      const other = this.rows[from];
      if (by < 0) row.node.after(other.node);
      else row.node.before(other.node);
      this.changed();
      if (focused?.disabled) (by < 0 ? row.down : row.up).focus();
      this.announce("wrappers.place", row);
    }

    remove(row) {
      const at = this.rows.indexOf(row);
      this.rows.splice(at, 1);
      row.node.remove();
      this.changed();
      const next = this.rows[Math.min(at, this.rows.length - 1)];
      (next ? next.remove : this.combo.input).focus();
      this.announce("wrappers.removed", row);
    }

    announce(key, row) {
      setText(this.said, pal.text(key, { title: row.title, place: this.rows.indexOf(row) + 1, count: this.rows.length }));
    }

    // ---- the text ---------------------------------------------------------------------------------------------

    turn() {
      if (!this.asText) {
        this.area.value = inLines(this.entries());
        this.asText = true;
        this.show();
        this.repaint();
        this.area.focus();
        this.area.setSelectionRange(0, 0);
        return;
      }
      const entries = entriesOf(this.area.value);
      if (entries === null) {
        pal.toast(pal.text("wrappers.unreadable"), { kind: "error", key: "wrappers" });
        this.area.focus();
        return;
      }
      // What the server said of these very wrappers still holds, and it is not asked again for a value that stays.
      const { layers } = this;
      this.asText = false;
      this.fill(entries);
      this.layers = layers;
      this.show();
      this.repaint();
      this.combo.input.focus();
      this.tell(this.text);
    }

    typed() {
      this.text = this.area.value;
      const entries = entriesOf(this.text);
      if (entries !== null) this.rows = entries.map((entry) => this.row(entry));
      this.tell(this.text);
    }

    // ---- what the server knows --------------------------------------------------------------------------------

    // layers: what is seen and done without any wrapper, then after each up to one that does not fit
    showLayers(layers) {
      this.layers = layers;
      const [bare] = layers;
      const { length } = this.rows;
      setText(this.bare, this.asText ? "" : bare ? bareInWords(bare, length) : pal.text("wrappers.teach"));
      this.bare.hidden = this.bare.textContent === "";
      this.rows.forEach((row, index) => row.showSeen(layers[index], layers[index + 1]));
    }

    reviewed(layers) {
      this.node.classList.remove("pal-wrappers-stale");
      this.showLayers(layers);
    }

    // The button that applies a fix, where one is known; its words are those of the row and not of the whole field.
    mending(fault) {
      const button = this.mend(fault);
      const listed = fault.fix?.[this.field.path];
      if (button && listed) setText(button, pal.text(listed.length < this.rows.length ? "wrappers.fix.remove" : "wrappers.fix.change"));
      return button;
    }

    // Puts each remark beside its row; returns those that are about no row.
    showRemarks(remarks, faulty) {
      const prefix = `${this.field.path}.`;
      const by = new Map();
      const others = [];
      for (const fault of remarks) {
        const [place, within, argument] = fault.field.startsWith(prefix) ? fault.field.slice(prefix.length).split(".") : [];
        const row = this.asText ? undefined : this.rows[Number(place)];
        if (row) by.set(row, [...(by.get(row) || []), { fault, argument: row.inputs.has(argument) ? argument : within, mending: this.mending(fault) }]);
        else others.push(fault);
      }
      for (const row of this.rows) row.showRemarks(by.get(row) || [], faulty);
      return others;
    }

    get chosen() {
      const faulty = this.rows.find((row) => row.node.classList.contains("pal-wrapper-faulty"));
      return this.asText ? this.area : faulty ? faulty.first : this.combo.input;
    }
  }

  // A control for FormField.
  function wrappersControl(field, known, { turnOn, mend }) {
    const list = new WrapperList(field, known, { turnOn, mend });
    return {
      node: list.node,
      input: list.combo.input,
      group: true,
      chosen: () => list.chosen,
      read: () => list.read(),
      write: (value) => list.write(value),
      // repaint: shows again what is known to be wrong, where it belongs now
      listen: (tell, repaint) => Object.assign(list, { tell, repaint }),
      showRemarks: (remarks, faulty) => list.showRemarks(remarks, faulty),
      reviewed: (layers) => list.reviewed(layers),
    };
  }

  Object.assign(pal, { wrappersControl, wrappersInWords, wrapperSpaces: { between } });
})();
