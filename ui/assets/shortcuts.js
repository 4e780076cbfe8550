// The keyboard: every shortcut is said once, by the part that acts on it, and "?" lists them all.
//
// Always holds: nothing happens while somebody types, save for keys pressed with Ctrl; a dialog has the keyboard for
// itself; a shortcut of a tab works only while that tab is open, and is listed from the start.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;
  const LONG = 12; // rows, from which on the list can be searched
  const list = []; // {keys: ["g", "m"], run, tab, says, shown}
  let pressed = [];
  let forget = 0;

  // shortcut("g m", fn, {tab: "monitor", says: "shortcuts.pause"}), said when the script is read, not when its tab is
  // built. `says` is the key of a text, or a function that gives the text; without it the list leaves this one out.
  // `shown` stands for several keys in one row; without `run` the keys are only listed; `to` is the tab it leads to.
  function shortcut(keys, run, { tab = null, says = null, shown = keys, to = null } = {}) {
    list.push({ keys: keys.split(" "), run, tab, says, shown, to });
  }

  function typing(target) {
    return target.closest?.("input, textarea, select, [contenteditable=true], video, .cm-editor");
  }

  const usable = () => list.filter((entry) => entry.run && (!entry.tab || entry.tab === pal.currentTab()));

  function found(event) {
    if (event.ctrlKey || event.metaKey) return usable().find(({ keys }) => keys[0] === "Ctrl" && keys[1] === event.key);
    if (typing(event.target)) return null;
    clearTimeout(forget);
    pressed = [...pressed, event.key].slice(-2);
    forget = setTimeout(() => (pressed = []), 1200);
    const pairs = usable().filter(({ keys }) => keys.length === 2 && keys.join(" ") === pressed.join(" "));
    return pairs[0] || usable().find(({ keys }) => keys.length === 1 && keys[0] === event.key);
  }

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const entry = found(event);
    if (!entry) return;
    pressed = [];
    event.preventDefault();
    entry.run(event.key);
  });

  // ---- the list ---------------------------------------------------------------------------------------------

  const words = ({ says }) => (typeof says === "function" ? says() : pal.text(says));

  // Under each title its rows: those of every tab first, then tab by tab as they stand in the page.
  function groups() {
    const listed = list.filter(({ says, to }) => says && (!to || pal.hasTab(to)));
    const of = (tab) => listed.filter((entry) => entry.tab === tab);
    const everywhere = { title: pal.text("shortcuts.everywhere"), rows: of(null) };
    const tabs = pal.tabs().map((tab) => ({ title: pal.text(`tab.${tab}`), rows: of(tab) }));
    return [everywhere, ...tabs].filter(({ rows }) => rows.length);
  }

  function row(entry) {
    const keys = h("span", { class: "pal-keys" }, ...entry.shown.split(" ").map((key) => h("kbd", { text: key })));
    return h("div", { class: "pal-shortcut" }, keys, h("span", { text: words(entry) }));
  }

  function group({ title, rows }) {
    return h("section", { class: "pal-shortcut-group" }, h("h3", { text: title }), ...rows.map(row));
  }

  function search(parts) {
    const label = pal.text("shortcuts.find");
    const input = h("input", { type: "search", class: "pal-input", placeholder: label, "aria-label": label, autocomplete: "off" });
    input.addEventListener("input", () => {
      const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const fits = (node) => wanted.every((word) => node.textContent.toLowerCase().includes(word));
      for (const part of parts) {
        const whole = fits(part.querySelector("h3"));
        const rows = [...part.querySelectorAll(".pal-shortcut")];
        for (const each of rows) each.hidden = !whole && !fits(each);
        part.hidden = rows.every((each) => each.hidden);
      }
    });
    return input;
  }

  function showShortcuts() {
    const parts = groups().map(group);
    const rows = parts.reduce((sum, part) => sum + part.querySelectorAll(".pal-shortcut").length, 0);
    const content = h("div", { class: "pal-shortcuts", tabindex: "0" }, ...parts);
    const box = h("div", { class: "pal-shortcutbox" }, rows > LONG ? search(parts) : null, content);
    pal.dialog(pal.text("shortcuts.title"), box, { className: "pal-dialog-small" });
  }

  shortcut("?", showShortcuts, { says: "shortcuts.this_list" });

  Object.assign(pal, { shortcut, showShortcuts });
})();
