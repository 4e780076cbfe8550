// What a reader has chosen in this browser: one list of all choices, each with what holds until it is made.
//
// Always holds: a choice that is not in the list or not of its kind counts as not made; forgetting them all leaves the
// page as a newcomer sees it.
"use strict";

(() => {
  const pal = window.palaestra;
  const PREFIX = "palaestra.";

  // name -> what holds by itself; `among` lists the only other values there are.
  const CHOICES = {
    language: { initial: null }, // null: what the program was started with, else what the browser asks for
    theme: { initial: null, among: ["system", "light", "dark"] }, // null: what the program was started with
    openMonitor: { initial: true }, // after Start
    rememberForm: { initial: true }, // a new browser tab begins with the values typed last
    "ask.stop": { initial: false }, // nothing is lost: a checkpoint is written first
    "ask.overwrite_preset": { initial: true },
    "ask.prune": { initial: true },
  };

  const listeners = new Map();

  function get(name) {
    const { initial, among } = CHOICES[name];
    const value = pal.remembered.get(name, initial);
    if (typeof initial === "boolean" && typeof value !== "boolean") return initial;
    return among && !among.includes(value) ? initial : value;
  }

  function set(name, value) {
    pal.remembered.set(name, value);
    for (const listener of listeners.get(name) || []) listener(get(name));
  }

  // fn(value) whenever a choice is made here or in another tab of this browser.
  function on(name, fn) {
    if (!listeners.has(name)) listeners.set(name, []);
    listeners.get(name).push(fn);
  }

  window.addEventListener("storage", ({ key }) => {
    const name = key?.startsWith(PREFIX) ? key.slice(PREFIX.length) : null;
    for (const listener of listeners.get(name) || []) listener(get(name));
  });

  // Forgets every choice and everything else that is remembered of this reader, columns and open folds included.
  function forgetAll() {
    for (const storage of [localStorage, sessionStorage]) {
      for (const key of Object.keys(storage)) if (key.startsWith(PREFIX)) storage.removeItem(key);
    }
  }

  const rules = () => Object.keys(CHOICES).filter((name) => name.startsWith("ask."));

  pal.preferences = { get, set, on, forgetAll, rules };
})();
