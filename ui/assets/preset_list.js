// Presets as a list to search: first one's own, then those for the environment in the form, then algorithm by algorithm.
"use strict";

(() => {
  const pal = window.palaestra;

  function entryOf(info) {
    return {
      value: info.name,
      label: info.name,
      detail: info.problem || info.title || "",
      aside: info.score ? pal.text("presets.return", { value: pal.format.spread(info.score.mean, info.score.std) }) : "",
      asideAbout: info.score ? scored(info.score) : "",
      search: `${info.environment} ${info.algorithm} ${info.description}`,
      disabled: Boolean(info.problem),
    };
  }

  function scored({ episodes, steps, environment }) {
    return pal.text("presets.score", { episodes, steps: pal.format.short(steps), environment });
  }

  // Version and namespace aside: PongNoFrameskip-v4 and ALE/Pong-v5 are the same game.
  const task = (id) => String(id).split("/").pop().replace(/-v\d+$/, "").replace(/NoFrameskip$/, "").toLowerCase();

  // What stands beside a preset that is loaded; empty where the zoo has published nothing, and where the form trains
  // something else by now. On another version of the environment it says on which one it was.
  function presetScore(info, model) {
    const id = model.values["environment.id"];
    if (!info?.score || info.algorithm !== model.algorithm || task(info.environment) !== task(id)) return "";
    const { mean, std, steps } = info.score;
    const reached = { value: pal.format.spread(mean, std), steps: pal.format.short(steps) };
    return info.environment === id ? pal.text("presets.reached", reached) : pal.text("presets.reached_on", { ...reached, environment: info.score.environment });
  }

  // Each preset stands in the first group that it belongs in.
  function presetGroups(presets, environment, algorithms) {
    const placed = new Set();
    const group = (title, belongs) => {
      const members = presets.filter((info) => !placed.has(info.name) && belongs(info));
      for (const info of members) placed.add(info.name);
      return { title, entries: members.map(entryOf) };
    };
    return [
      group(pal.text("presets.yours"), (info) => !info.built_in),
      group(pal.text("presets.for_environment", { environment }), (info) => task(info.environment) === task(environment)),
      ...algorithms.map(({ name, label }) => group(label, (info) => info.algorithm === name)),
      group(pal.text("presets.others"), () => true),
    ].filter(({ entries }) => entries.length);
  }

  Object.assign(pal, { presetGroups, presetScore, aboutScore: (info) => (info?.score ? scored(info.score) : "") });
})();
