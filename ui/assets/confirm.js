// Asking before something is done, if its rule says so: the rules are this reader's own, in Settings.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;

  // confirmed("prune", {title, text, action: "Delete 12 checkpoints"}) -> whether to go on. `text` names what is lost.
  // Without a rule it is always asked.
  function confirmed(rule, { title, text, action }) {
    if (rule && !pal.preferences.get(`ask.${rule}`)) return Promise.resolve(true);
    return new Promise((decide) => {
      let answer = false;
      const never = h("input", { type: "checkbox", id: "confirm-never" });
      const label = h("label", { class: "pal-confirm-never", for: "confirm-never" }, never, h("span", { text: pal.text("confirm.never") }));
      const cancel = h("button", { class: "pal-button", type: "button", text: pal.text("confirm.cancel") });
      const go = h("button", { class: "pal-button pal-button-danger", type: "button", text: action });
      const body = h("div", { class: "pal-confirm" }, h("p", { text }), rule ? label : "", h("div", { class: "pal-dialog-buttons" }, cancel, go));
      const box = pal.dialog(title, body, {
        className: "pal-dialog-small",
        onClose: () => {
          if (answer && never.checked) pal.preferences.set(`ask.${rule}`, false);
          decide(answer);
        },
      });
      cancel.addEventListener("click", () => box.close());
      go.addEventListener("click", () => {
        answer = true;
        box.close();
      });
      cancel.focus(); // the safe answer is under the Enter key
    });
  }

  pal.confirmed = confirmed;
})();
