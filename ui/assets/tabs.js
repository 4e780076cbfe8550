// Moving between Gradio's tabs from scripts, by keyboard and by address.
//
// An address ends in #tab, or in #tab/place for a place in that tab: #help/curves, #train/preset=ppo_cartpole. So a
// reload, a link or a bookmark comes back to it, and a link in a text can lead anywhere in the page.
"use strict";

(() => {
  const pal = window.palaestra;
  // "g" and then this letter leads to the tab, where there is one.
  const LETTERS = { train: "t", environments: "e", monitor: "m", videos: "v", tools: "o", settings: "s", help: "h" };
  const places = new Map(); // tab -> {show(place), now()}
  let asked = null; // {tab, place} that its tab, not built yet, is still to show

  const tabButton = (name) => document.getElementById(`tab-${name}-button`);
  const nameOf = (button) => button.id.replace(/^tab-|-button$/g, "");

  // The names of all tabs as they stand in the page.
  function tabs() {
    return [...new Set([...document.querySelectorAll('[role="tab"][id^="tab-"]')].map(nameOf))];
  }

  function currentTab() {
    const chosen = document.querySelector('[role="tab"][aria-selected="true"][id^="tab-"]');
    return chosen ? nameOf(chosen) : null;
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

  // ---- addresses --------------------------------------------------------------------------------------------

  function keepAddress(name, place = "") {
    const where = place ? `${name}/${encodeURIComponent(place).replaceAll("%2F", "/").replaceAll("%3D", "=")}` : name;
    history.replaceState(history.state, "", `${location.pathname}${location.search}#${where}`);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.('[role="tab"][id^="tab-"]');
    if (!button) return;
    const name = nameOf(button);
    keepAddress(name, asked?.tab === name ? asked.place : (places.get(name)?.now() ?? ""));
    // On a narrow screen the row of tabs scrolls.
    button.scrollIntoView({ block: "nearest", inline: "center" });
  });

  // #help/curves -> {tab: "help", place: "curves"}; null for what is no address of ours.
  function read(address) {
    const [, tab, place = ""] = address.match(/^#([a-z]+)(?:\/(.*))?$/) || [];
    if (!tab) return null;
    try {
      return { tab, place: decodeURIComponent(place) };
    } catch {
      return { tab, place: "" }; // a % that belongs to nothing
    }
  }

  // show(place) shows a place of a tab; it is called when an address asks for one, also for one that was asked earlier.
  // now() tells which place is shown, for the address of one who comes back to the tab.
  function place(tab, show, now = () => "") {
    places.set(tab, { show, now });
    deliver();
  }

  function deliver() {
    if (!asked || !places.has(asked.tab)) return;
    const { tab, place: wanted } = asked;
    asked = null;
    places.get(tab).show(wanted);
  }

  // Opens a tab, and the place in it if one is named; false while there is no such tab.
  function goTo(address) {
    const wanted = read(address);
    if (!wanted || !hasTab(wanted.tab)) return false;
    asked = wanted.place ? wanted : null;
    if (currentTab() !== wanted.tab) selectTab(wanted.tab);
    deliver();
    return true;
  }

  function restoreTab(triesLeft) {
    if (read(location.hash) && !goTo(location.hash) && triesLeft > 0) setTimeout(() => restoreTab(triesLeft - 1), 50);
  }
  restoreTab(200); // Gradio draws its tabs some moments after our scripts run

  window.addEventListener("hashchange", () => restoreTab(0));

  for (const [name, letter] of Object.entries(LETTERS)) {
    pal.shortcut(`g ${letter}`, () => selectTab(name), {
      says: () => pal.text("shortcuts.to", { tab: pal.text(`tab.${name}`) }),
      to: name,
    });
  }

  Object.assign(pal, { tabs, selectTab, hasTab, currentTab, place, goTo, keepAddress });
})();
