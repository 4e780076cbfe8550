// Texts in the reader's language, and the rest of our scripts once these texts are there.
//
// pal.text("monitor.eta", {time}) is what the page itself says, by key; a catalogue is ui/languages/<language>.json.
// pal.said("Learning rate") is what the server says in English (titles, help, reasons), by that English.
//
// Always holds: every other script runs after the catalogue has arrived, so a text may be asked for anywhere, also
// while a script is read; what a language lacks is shown in English and never breaks the page; the language is the
// reader's own choice in this browser, else what the program was started with, else the first one this browser asks
// for that we have, else English.
"use strict";

(() => {
  const pal = window.palaestra;
  const ENGLISH = "en";
  const HOLE = /\{(\w+)(?::[^{}]*)?\}/; // where the server fills in a name or a number
  const SENTENCE = /[^]+?[.!?](?= [A-Z]|$)|[^]+$/g;
  const WORD = /[a-z]{2}/i;
  const ABOUT = /^([a-z_]+(?:\.\w+)+) ([a-z].*)\.$/s; // a fault after the setting's name: "training.seed must be …."
  const LONGEST = 600; // letters of a sentence; what is longer is a report
  const PATIENCE = 10000; // ms for a catalogue; after that the page speaks English
  const links = [...document.querySelectorAll("link[rel=palaestra-language]")];
  const languages = links.map((link) => ({ name: link.hreflang, title: link.title }));
  const catalogues = new Map(); // language -> {key: text or plural forms}
  let translations = {}; // English of the server -> the reader's language
  const missed = new Set();
  const found = new Map(); // what the server said -> the same in the reader's language
  let patterns = null;

  // "es-MX" -> "es", "zh" -> "zh-CN": the same language written for somebody else is better than another one.
  function nearest(wanted) {
    if (typeof wanted !== "string" || !wanted) return null;
    const primary = (name) => name.toLowerCase().split("-")[0];
    const same = languages.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
    return (same || languages.find(({ name }) => primary(name) === primary(wanted)))?.name ?? null;
  }

  function choose() {
    const started = document.querySelector('meta[name="palaestra-language"]')?.content;
    const wishes = [pal.preferences.get("language"), started, ...(navigator.languages || [])];
    return wishes.map(nearest).find(Boolean) || ENGLISH;
  }

  const language = choose();
  const plurals = new Map();

  function pluralForm(name, count) {
    if (!plurals.has(name)) plurals.set(name, new Intl.PluralRules(name));
    return plurals.get(name).select(Number(count));
  }

  // The text of a key: {names} in it are filled with `values`, of which numbers are written as the language writes
  // them. A text with plural forms takes the one for `values.count`.
  function text(key, values = {}) {
    for (const name of language === ENGLISH ? [ENGLISH] : [language, ENGLISH]) {
      const entry = catalogues.get(name)?.[key];
      if (entry === undefined) continue;
      return filled(typeof entry === "string" ? entry : (entry[pluralForm(name, values.count)] ?? entry.other), values);
    }
    if (!missed.has(key)) console.warn(`palaestra: there is no text ${key}`);
    missed.add(key);
    return key;
  }

  const filled = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? written(values[name]) : whole));
  const written = (value) => (typeof value === "number" ? pal.format.plain(value) : String(value));

  // The English of a key, or undefined: for keys that are made of what the server says.
  const english = (key) => catalogues.get(ENGLISH)?.[key];

  // What the server said, in the reader's language where that is known: whole sentences, or such with {1} and {2} where
  // names and numbers stand.
  function said(english) {
    if (typeof english !== "string" || language === ENGLISH) return english;
    let told = found.get(english);
    if (told === undefined) {
      told = translations[english] ?? (WORD.test(english) ? composed(english) : english);
      if (found.size > 2000) found.clear(); // sentences with numbers never end
      found.set(english, told);
    }
    return told;
  }

  // What is only known in parts: as one sentence with holes, else sentence by sentence, else with some English left.
  function composed(english) {
    const { best, least } = fromPattern(english);
    return (least === 0 ? best : null) ?? bySentence(english) ?? afterName(english) ?? best ?? english;
  }

  // "training.seed must be at most 9, not 12.": the name stays as it is.
  function afterName(english) {
    const [, name, fault] = english.match(ABOUT) ?? [];
    return name && said(fault) !== fault ? `${name} ${said(fault)}${text("form.full_stop")}` : null;
  }

  // Sentences that the server has put one after the other, each by itself; null where none of them is known.
  function bySentence(english) {
    const sentences = english.length > LONGEST ? [] : (english.match(SENTENCE) ?? []).map((each) => each.trim());
    if (sentences.length < 2) return null;
    const told = sentences.map(said);
    if (told.every((each, index) => each === sentences[index])) return null;
    return told.reduce((text, next) => text + (/[。！？]$/.test(text) ? "" : " ") + next);
  }

  // The pattern that fits, filled in, and how many letters of English words its holes keep.
  function fromPattern(english) {
    if (english.length > LONGEST) return { best: null };
    patterns ??= Object.entries(translations).filter(([from]) => HOLE.test(from)).sort(([a], [b]) => b.length - a.length).map(([from, to]) => [patternOf(from), to, rarestOf(from)]);
    // "must be a whole number, not 0.5" fits "must be {1}, not {2}" and "must be {1} {2}, not {3}": the better one is
    // that which leaves less as it was.
    let best = null;
    let least = Infinity;
    for (const [pattern, to, rarest] of patterns) {
      const match = english.includes(rarest) ? english.match(pattern) : null;
      if (!match) continue;
      const kept = Object.values(match.groups).filter((part) => WORD.test(part) && said(part) === part);
      const left = kept.reduce((letters, part) => letters + part.length, 0);
      if (left < least) {
        least = left;
        best = to.replace(/\{(\w+)\}/g, (hole, name) => said(match.groups[`n${name}`] ?? hole));
      }
    }
    return { best, least };
  }

  // The longest part of a pattern without a hole: whatever lacks it is not looked at further.
  const rarestOf = (text) => text.split(HOLE).reduce((longest, part, index) => (index % 2 || part.length <= longest.length ? longest : part), "");

  // "at most {1}" -> an expression that gives what stands at {1}.
  function patternOf(text) {
    const parts = text.split(HOLE);
    const plain = (part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    // What is filled in right after a word or after something else that is, may be nothing: "is full{2}."
    const amount = (index) => (/[a-z]$/.test(parts[index - 1]) || (index > 1 && parts[index - 1] === "") ? "*" : "+");
    return new RegExp(`^${parts.map((part, index) => (index % 2 ? `(?<n${part}>.${amount(index)})` : plain(part))).join("")}$`, "s");
  }

  // A setting as the form draws it, with the texts it was declared with in the reader's language; `english` is kept
  // for those who search by the words of the literature.
  function saidField(field) {
    const texts = Object.fromEntries(["title", "help", "group", "unit", "none_label", "section_title"].map((name) => [name, said(field[name])]));
    return { ...field, ...texts, english: language === ENGLISH ? "" : `${field.title} ${field.help}` };
  }

  // What ui/components/form.py says of the form, in the reader's language; which fields there are is unchanged.
  function saidForm(description) {
    const titled = (each) => ({ ...each, title: said(each.title) });
    const { algorithms, sections, fields } = description;
    return { ...description, algorithms: algorithms.map(titled), sections: sections.map(titled), fields: fields.map(saidField) };
  }

  async function fetched(link) {
    if (!link) return {};
    try {
      const answer = await fetch(link.href, { credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE) });
      return answer.ok ? await answer.json() : {};
    } catch {
      return {}; // English, or the keys themselves, are better than no page
    }
  }

  async function load() {
    const of = (name, rel) => document.querySelector(`link[rel=${rel}][hreflang="${name}"]`);
    const [fallback, chosen, server] = await Promise.all([
      fetched(of(ENGLISH, "palaestra-language")),
      language === ENGLISH ? {} : fetched(of(language, "palaestra-language")),
      fetched(of(language, "palaestra-server-texts")),
    ]);
    catalogues.set(language, chosen).set(ENGLISH, fallback);
    translations = server;
  }

  // In the order in which the head names them, all fetched at once.
  function runTheRest() {
    for (const link of document.querySelectorAll("link[data-palaestra-script]")) {
      const script = document.createElement("script");
      script.async = false;
      script.src = link.href;
      document.head.append(script);
    }
  }

  // Another language for this browser; null goes back to what it would have been. What was typed in the form stays.
  function speak(name) {
    pal.preferences.set("language", name);
    location.reload();
  }

  document.documentElement.lang = language;
  Object.assign(pal, { language, languages, catalogues, text, english, said, saidField, saidForm, speak });
  load().then(runTheRest);
})();
