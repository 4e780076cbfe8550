// Places in Train that an address may name, so that a guide, an advice or a bookmark leads there:
// #train/preset=ppo_cartpole loads a preset, which can be undone; #train/field=algorithm.gamma goes to a field;
// #train/presets to the choice of a preset.
"use strict";

(() => {
  const pal = window.palaestra;

  // "algorithm.gamma" or "sac:algorithm.gamma": the field of the chosen algorithm where it has one.
  function fieldAt(model, name) {
    const path = name.replace(/^[a-z0-9_]+:(?=algorithm\.)/, "");
    return model.applicable().find((field) => field.path === path) || model.applicable().find((field) => field.key === name);
  }

  // A field that this algorithm does not have is looked for, which says whose it is.
  function goToField(model, view, search, name) {
    const field = fieldAt(model, name);
    if (field) {
      view.point(field.key);
      return;
    }
    search.input.value = name.split(".").pop().replaceAll("_", " ");
    search.run();
    search.input.focus();
  }

  // A form is drawn some frames after its tab was opened, and what is not drawn takes no focus.
  async function drawn(node) {
    for (let frames = 0; frames < 120 && !node.checkVisibility(); frames += 1) await new Promise((done) => requestAnimationFrame(done));
  }

  pal.formPlaces = (model, view, config, search) => {
    pal.place("train", async (place) => {
      await drawn(view.root);
      const [, kind, name] = place.match(/^(preset|field)=(.+)$/) || [];
      // A reload is to bring back what was made of it since.
      if (pal.currentTab() === "train") pal.keepAddress("train");
      if (kind === "preset") config.load(name);
      else if (kind === "field") goToField(model, view, search, name);
      else if (place === "presets") config.combo.input.focus();
    });
  };
})();
