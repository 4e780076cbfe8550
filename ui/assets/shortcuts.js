// The keyboard and the tabs: one list of shortcuts, shown by "?", and moving between Gradio's tabs from scripts.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;
  const list = []; // {keys: ["g", "m"], run, tab}
  let pressed = [];
  let forget = 0;

  // What "?" shows, in full from the start: the parts that act on these keys are built when their tab is first opened.
  const LISTED = [
    {
      title: "shortcuts.everywhere",
      rows: [["g t", "shortcuts.to_train"], ["g m", "shortcuts.to_monitor"], ["g v", "shortcuts.to_videos"], ["?", "shortcuts.this_list"]],
    },
    { title: "tab.train", rows: [["Ctrl Enter", "shortcuts.start"], ["/", "shortcuts.find_field"]] },
    { title: "tab.monitor", rows: [["p", "shortcuts.pause"], ["1–4", "shortcuts.columns"]] },
    { title: "tab.videos", rows: [["/", "shortcuts.search"], ["← →", "shortcuts.neighbours"]] },
  ];

  // shortcut("g m", fn, {tab: "monitor"}): with a tab it works only while that tab is open.
  function shortcut(keys, run, { tab = null } = {}) {
    list.push({ keys: keys.split(" "), run, tab });
  }

  function typing(target) {
    return target.closest?.("input, textarea, select, [contenteditable=true], video, .cm-editor");
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    clearTimeout(forget);
    pressed = [...pressed, event.key].slice(-2);
    forget = setTimeout(() => (pressed = []), 1200);
    const usable = list.filter((entry) => !entry.tab || entry.tab === currentTab());
    const found =
      usable.find((entry) => entry.keys.length === 2 && entry.keys.join(" ") === pressed.join(" ")) ||
      usable.find((entry) => entry.keys.length === 1 && entry.keys[0] === event.key);
    if (!found) return;
    pressed = [];
    event.preventDefault();
    found.run();
  });

  function showShortcuts() {
    const row = ([keys, label]) =>
      h(
        "div",
        { class: "pal-shortcut" },
        h("span", { class: "pal-keys" }, ...keys.split(" ").map((key) => h("kbd", { text: key }))),
        h("span", { text: pal.text(label) }),
      );
    const groups = LISTED.flatMap(({ title, rows }) => [h("h3", { text: pal.text(title) }), ...rows.map(row)]);
    pal.dialog(pal.text("shortcuts.title"), h("div", { class: "pal-shortcuts", tabindex: "0" }, ...groups), { className: "pal-dialog-small" });
  }

  // ---- tabs -------------------------------------------------------------------------------------------------

  const tabButton = (name) => document.getElementById(`tab-${name}-button`);

  function currentTab() {
    const chosen = document.querySelector('[role="tab"][aria-selected="true"][id^="tab-"]');
    return chosen ? chosen.id.replace(/^tab-|-button$/g, "") : null;
  }

  function hasTab(name) {
    return tabButton(name) !== null;
  }

  function selectTab(name) {
    const button = tabButton(name);
    if (!button) return false;
    button.click();
    return true;
  }

  // The open tab stands in the address, so that a reload or a link comes back to it.
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.('[role="tab"][id^="tab-"]');
    if (!button) return;
    const name = button.id.replace(/^tab-|-button$/g, "");
    history.replaceState(history.state, "", `${location.pathname}${location.search}#${name}`);
  });

  function restoreTab(triesLeft) {
    const name = location.hash.slice(1);
    if (!/^[a-z]+$/.test(name) || currentTab() === name) return;
    if (!selectTab(name) && triesLeft > 0) setTimeout(() => restoreTab(triesLeft - 1), 50);
  }
  restoreTab(200); // Gradio draws its tabs some moments after our scripts run

  window.addEventListener("hashchange", () => restoreTab(0));

  for (const [key, name] of [["t", "train"], ["m", "monitor"], ["v", "videos"]]) shortcut(`g ${key}`, () => selectTab(name));
  shortcut("?", showShortcuts);

  Object.assign(pal, { shortcut, showShortcuts, selectTab, hasTab, currentTab });
})();
