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
  const QUOTE = /['"“«「]/;
  const WORD = /[a-z]{2}/i;
  const FAULTS = /; (?=[a-z_]+(?:\.\w+)*: )/; // between the faults of several settings: "run: is missing; step: …"
  const FAULT = /^([a-z_]+(?:\.\w+)*): (.+)$/s;
  const PATH = /^[a-z_]+(?:\.\w+)+$/;
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
    return typeof english !== "string" || language === ENGLISH ? english : measured(english).told;
  }

  // told: in the reader's language; left: how many letters of it are English all the same.
  function measured(english) {
    let answer = found.get(english);
    if (answer === undefined) {
      const known = translations[english] ?? (WORD.test(english) ? undefined : english);
      answer = known === undefined ? composed(english) : { told: known, left: 0 };
      if (found.size > 2000) found.clear(); // sentences with numbers never end
      found.set(english, answer);
    }
    return answer;
  }

  // What is only known in parts, in the way that leaves the least as it was: fault by fault, as one sentence with holes,
  // sentence by sentence, or as the name of a setting and what is wrong with it.
  function composed(english) {
    let best = { told: english, left: english.length };
    for (const way of [byFault, byPattern, bySentence, byName]) {
      const answer = way(english);
      if (answer && answer.left < best.left) best = answer;
      if (best.left === 0) break;
    }
    return best;
  }

  const leftOf = (parts) => parts.reduce((letters, part) => letters + part.left, 0);

  // "algorithm.gamma: must be at most 1, not 99; run: is missing": the settings keep their names.
  function byFault(english) {
    const faults = english.split(FAULTS).map((each) => each.match(FAULT));
    if (!faults.every(Boolean)) return null;
    const parts = faults.map(([, , fault]) => measured(fault));
    return { told: faults.map(([, name], index) => `${name}: ${parts[index].told}`).join("; "), left: leftOf(parts) };
  }

  // Sentences that the server has put one after the other, each by itself.
  function bySentence(english) {
    const sentences = english.length > LONGEST ? [] : (english.match(SENTENCE) ?? []).map((each) => each.trim());
    if (sentences.length < 2) return null;
    const parts = sentences.map(measured);
    return { told: parts.map(({ told }) => told).reduce((all, next) => all + (/[。！？]$/.test(all) ? "" : " ") + next), left: leftOf(parts) };
  }

  // "training.seed must be at most 9." and "Frame skip needs images.": a setting or the title of one, and what is wrong.
  function byName(english) {
    if (english.length > LONGEST) return null;
    const [, words, stop] = english.match(/^(.+?)(\.?)$/s) ?? [];
    for (let space = words?.indexOf(" "); space > 0; space = words.indexOf(" ", space + 1)) {
      const name = words.slice(0, space);
      if (translations[name] === undefined && !PATH.test(name)) continue;
      const fault = measured(words.slice(space + 1));
      if (fault.left < words.length - space - 1) return { told: `${translations[name] ?? name} ${fault.told}${stop && text("form.full_stop")}`, left: fault.left };
    }
    return null;
  }

  // "must be a whole number, not 0.5" fits "must be {1}, not {2}" and "must be {1} {2}, not {3}".
  function byPattern(english) {
    if (english.length > LONGEST) return null;
    patterns ??= Object.entries(translations).filter(([from]) => HOLE.test(from)).sort(([a], [b]) => b.length - a.length).map(([from, to]) => [patternOf(from), to, rarestOf(from)]);
    let best = null;
    for (const [pattern, to, rarest] of patterns) {
      const match = english.includes(rarest) ? english.match(pattern) : null;
      if (!match) continue;
      const parts = Object.fromEntries(Object.entries(match.groups).map(([name, part]) => [name, measured(part)]));
      const left = leftOf(Object.values(parts));
      if (best && left >= best.left) continue;
      best = { told: to.replace(/\{(\w+)\}/g, (hole, name, at) => filling(parts[`n${name}`]?.told ?? hole, to[at - 1])), left };
      if (left === 0) break;
    }
    return best;
  }

  // Numbers are grouped as in the page's fields; what stands in quotes is as somebody has typed it.
  const filling = (part, before) => (QUOTE.test(before) ? part : pal.format.regrouped(part));

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
