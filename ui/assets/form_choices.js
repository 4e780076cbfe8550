// The two choices that decide everything else: the environment, with what is known of it, and the algorithm.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;

  // A control for FormField: the searchable list of every registered environment; unknown ids may be typed.
  function environmentControl(field, ask) {
    let take = () => {};
    const combo = new pal.Combobox({
      id: null,
      label: field.title,
      placeholder: pal.text("form.search_environments"),
      load: async () => (await ask("environments")).map(({ title, entries }) => ({ title: pal.said(title), entries: entries.map((each) => ({ ...each, detail: pal.said(each.detail) })) })),
      choose: (value) => take(value),
      free: true,
      leaving: "choose", // its fault then says which id was perhaps meant
      empty: pal.text("form.unknown_environment"),
    });
    combo.input.classList.add("pal-figures");
    const facts = h("p", { class: "pal-environment-facts", "aria-live": "polite" });
    let known = { id: "", facts: [] };
    return {
      node: combo.node,
      extra: facts,
      input: combo.input,
      read: () => combo.value,
      write: (value) => combo.show(value),
      listen: (fn) => (take = fn),
      showFacts: (answer, id) => {
        known = answer;
        pal.setText(facts, known.id === id ? sentence(known.facts) : "");
      },
      // Another id is in the field: what is known of the former one says nothing of it.
      wait: (id) => pal.setText(facts, known.id === id ? sentence(known.facts) : "…"),
      // No answer is on its way any more.
      forsake: (id) => known.id !== id && pal.setText(facts, ""),
    };
  }

  function sentence(facts) {
    const text = facts.map(pal.said).join(pal.text("form.comma"));
    return text ? `${pal.format.capital(text)}${pal.text("form.full_stop")}` : "";
  }

  // A control for FormField: one button an algorithm; those that cannot act in the environment say why.
  function algorithmControl(algorithms) {
    const node = h("div", { class: "pal-segments", role: "radiogroup" });
    const title = h("span", { class: "pal-algorithm-title" });
    let take = () => {};
    let current = "";
    const choices = algorithms.map(({ name, label }) => {
      const input = h("input", { type: "radio", name: "pal-algorithm", value: name, id: `algorithm-${name}`, class: "pal-sr-only" });
      input.addEventListener("change", () => take(name));
      const choice = h("label", { class: "pal-segment", for: input.id, data: { algorithm: name } }, input, h("span", { text: label }));
      node.append(choice);
      return { name, input, choice };
    });
    return {
      node,
      extra: title,
      input: choices[0].input,
      group: true,
      chosen: () => choices.find(({ name }) => name === current)?.input,
      read: () => current,
      write: (value) => {
        current = value;
        for (const { name, input, choice } of choices) {
          input.checked = name === value;
          choice.classList.toggle("pal-chosen", name === value);
        }
        pal.setText(title, algorithms.find(({ name }) => name === value)?.title || "");
      },
      listen: (fn) => (take = fn),
      showUnfit: (unfit) => {
        for (const { name, choice } of choices) {
          choice.classList.toggle("pal-unfit", name in unfit);
          pal.setTip(choice, pal.said(unfit[name]) || "");
        }
      },
    };
  }

  Object.assign(pal, { environmentControl, algorithmControl });
})();
