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

  // One's own before the shipped ones, then the one with the highest published return, then the first.
  function bestPreset(presets) {
    const rank = (preset) => [preset.built_in ? 1 : 0, -(publishedReturn(preset) ?? -Infinity)];
    return [...presets].sort((first, second) => rank(first)[0] - rank(second)[0] || rank(first)[1] - rank(second)[1] || 0)[0] || null;
  }

  async function train() {
    pal.selectTab("train");
    for (const until = Date.now() + PATIENCE; !pal.train && Date.now() < until; ) await new Promise((done) => setTimeout(done, 50));
    return pal.train || null;
  }

  // Opens Train with `id` chosen. view: what the server says of it, where no preset says everything.
  async function trainOn(id, { preset = null, view = null } = {}) {
    const tab = await train();
    if (!tab) return;
    if (preset) {
      await tab.config.load(preset);
      return;
    }
    const values = { "environment.id": id };
    const fits = view?.algorithms || {};
    const first = Object.keys(fits).find((name) => fits[name]);
    if (fits[tab.model.algorithm] === false && first) values["algorithm.name"] = first;
    if (view?.wrapper) values["environment.wrappers"] = withWrapper(tab.model.values["environment.wrappers"], view.wrapper);
    tab.config.replace(() => tab.model.assign(values), text("environments.chosen", { id }));
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
