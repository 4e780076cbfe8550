// Asking before something is done, if its rule says so: the rules are this reader's own, in Settings.
//
// Always holds: a rule is switched off only by somebody who also agreed, and whose wish was granted.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;

  // confirmed("prune", {title, text, action: "Delete 12 checkpoints"}) -> whether to go on. `text`, one paragraph or a
  // list of them, names what is lost; `stay` is said on the safe button. With act() it is done from here: what it throws
  // is told in the dialog, which stays open, or is thrown on where nothing is asked. Without a rule it is always asked.
  async function confirmed(rule, { title, text, action, stay = pal.text("confirm.cancel"), act = async () => {} }) {
    if (rule && !pal.preferences.get(`ask.${rule}`)) {
      await act();
      return true;
    }
    return new Promise((decide, refuse) => {
      let [answer, acting] = [false, false];
      const end = () => {
        if (answer && never.checked) pal.preferences.set(`ask.${rule}`, false);
        decide(answer);
      };
      const never = h("input", { type: "checkbox", id: "confirm-never" });
      const label = h("label", { class: "pal-confirm-never", for: "confirm-never" }, never, h("span", { text: pal.text("confirm.never") }));
      const cancel = h("button", { class: "pal-button", type: "button", text: stay });
      const go = h("button", { class: "pal-button pal-button-danger", type: "button", text: action });
      const fault = h("p", { class: "pal-field-fault", role: "alert", hidden: true });
      const told = [text].flat().map((paragraph) => h("p", { text: paragraph }));
      const body = h("div", { class: "pal-confirm" }, ...told, rule ? label : "", fault, h("div", { class: "pal-dialog-buttons" }, cancel, go));
      const box = pal.dialog(title, body, { className: "pal-dialog-small", onClose: () => acting || end() });
      cancel.addEventListener("click", () => box.close());
      go.addEventListener("click", async () => {
        acting = go.disabled = fault.hidden = true;
        try {
          await act();
          answer = true;
        } catch (error) {
          setText(fault, pal.errorText(error));
          if (!box.open) refuse(error); // it was closed meanwhile, and says nothing any more
        }
        acting = go.disabled = false;
        fault.hidden = answer;
        if (!answer) return;
        if (box.open) box.close();
        else end();
      });
      cancel.focus(); // the safe answer is under the Enter key
    });
  }

  pal.confirmed = confirmed;
})();
