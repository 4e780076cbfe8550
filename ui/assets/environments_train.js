// From an environment to the form that trains on it: with its best preset where there is one, else with what fits it.
"use strict";

(() => {
  const pal = window.palaestra;
  const { text } = pal;
  const PATIENCE = 10000; // ms for the Train tab to be built

  // What was published of a preset's results, or null.
  function publishedReturn(preset) {
    const score = preset.score?.mean ?? preset.score ?? null;
    return typeof score === "number" ? score : null;
  }

  // One's own before the shipped ones, then what was tuned on this very id, then the highest published return, then the first.
  function bestPreset(presets, id) {
    const rank = (preset) => [preset.built_in ? 1 : 0, preset.environment === id ? 0 : 1, -(publishedReturn(preset) ?? -Infinity)];
    const compare = (first, second) => rank(first).reduce((decided, part, place) => decided || part - rank(second)[place] || 0, 0);
    return [...presets].sort(compare)[0] || null;
  }

  async function train() {
    pal.selectTab("train");
    for (const until = Date.now() + PATIENCE; !pal.train && Date.now() < until; ) await new Promise((done) => setTimeout(done, 50));
    return pal.train || null;
  }

  // Opens Train with `id` chosen. preset: what the form is filled from, which may have been tuned on another version;
  // view: what the server says of the environment. Without a preset the form stays only where it trains on a version of
  // the environment already: numbers that suit one environment are no beginning for another.
  async function trainOn(id, { preset = null, view = null } = {}) {
    const tab = await train();
    if (!tab) return;
    if (preset) {
      await tab.config.load(preset.name, preset.environment === id ? null : () => ({ "environment.id": id }));
      return;
    }
    const values = (model) => valuesFor(id, view, model);
    const message = text("environments.chosen", { id });
    if (view?.versions?.includes(tab.model.values["environment.id"])) tab.config.replace(() => tab.model.assign(values(tab.model)), message);
    else await tab.config.fresh(values, message);
  }

  // What a form needs to train on an environment: its id, an algorithm that can act in it, the wrapper it is read through.
  function valuesFor(id, view, model) {
    const values = { "environment.id": id };
    const fits = view?.algorithms || {};
    const first = Object.keys(fits).find((name) => fits[name]);
    if (fits[model.algorithm] === false && first) values["algorithm.name"] = first;
    if (view?.wrapper) values["environment.wrappers"] = withWrapper(model.values["environment.wrappers"], view.wrapper);
    return values;
  }

  // The form holds wrappers as data or as their JSON text; both are given back as they came.
  function withWrapper(held, wrapper) {
    const asText = typeof held === "string";
    let list = held;
    try {
      list = asText ? JSON.parse(held || "[]") : held;
    } catch {
      return held; // it is being typed
    }
    const all = Array.isArray(list) ? list : [];
    const wanted = all.some((each) => each.entry_point === wrapper) ? all : [...all, { entry_point: wrapper }];
    return asText ? JSON.stringify(wanted) : wanted;
  }

  Object.assign(pal, { publishedReturn, bestPreset, trainOn });
})();
