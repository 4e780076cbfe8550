// What the page says to its reader: short messages at the edge, tips on hover and focus, dialogs, the clipboard.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;

  // ---- messages ---------------------------------------------------------------------------------------------

  const shelf = h("div", { class: "pal-toasts", role: "region", "aria-label": pal.text("notice.messages") });
  const KINDS = ["info", "success", "error"];

  // toast("Saved", {kind: "success", key: "save"}); an error can be copied with its detail and stays until it is closed
  // or its action, named by `key`, is tried again.
  function toast(message, { kind = "info", detail = "", key = message } = {}) {
    if (!shelf.isConnected) document.body.append(shelf);
    settled(key);
    const bar = h("div", { class: "pal-toast", data: { kind: KINDS.includes(kind) ? kind : "info", key } });
    bar.setAttribute("role", kind === "error" ? "alert" : "status");
    const close = toolButton("close", pal.text("notice.close_message"), () => bar.remove());
    const text = h("div", { class: "pal-toast-text" }, h("div", { text: message }));
    bar.append(text);
    if (kind === "error") {
      if (detail && detail !== message) {
        text.append(
          h("details", {}, h("summary", { text: pal.text("notice.details") }), h("pre", { class: "pal-detail", text: detail })),
        );
      }
      bar.append(copyButton(() => detail || message, pal.text("notice.copy_message")));
    }
    bar.append(close);
    shelf.append(bar);
    while (shelf.children.length > 4) shelf.firstChild.remove();
    if (kind !== "error") expire(bar, 5000);
    return bar;
  }

  // The action of that name has gone well or failed anew: what was said of it before is no longer true.
  function settled(key) {
    for (const node of [...shelf.children]) if (node.dataset.key === key) node.remove();
  }

  // A message does not vanish under the pointer or while it holds the focus.
  function expire(bar, delay) {
    setTimeout(() => {
      if (bar.matches(":hover, :focus-within")) expire(bar, 1500);
      else bar.remove();
    }, delay);
  }

  // The words of an error: its faults one by one, each by the name that its field has in the form, or what it says.
  function errorText(error) {
    const named = (fault) => [pal.train?.model.fieldOf(fault)?.title ?? fault.field, pal.faultText(fault)].filter(Boolean).join(" – ");
    return error.details?.length ? error.details.map(named).join(" ") : error.message;
  }

  // An error of any kind as a message. `key` names the action that failed.
  function fail(error, lead, key = lead) {
    return toast(`${lead}: ${errorText(error)}`, { kind: "error", detail: error.report || error.stack || error.message, key });
  }

  // ---- tips -------------------------------------------------------------------------------------------------

  const tip = h("div", { class: "pal-tip", role: "tooltip", id: "pal-tip", hidden: true });
  let owner = null;

  // What describes a node besides its tip; that stays when the tip goes.
  const otherDescriptions = (node) => (node.getAttribute("aria-describedby") || "").split(" ").filter((id) => id && id !== tip.id);

  function showTip(target) {
    const home = target.closest("dialog") || document.body; // a dialog hides what stands outside it
    if (tip.parentNode !== home) home.append(tip);
    owner = target;
    tip.textContent = target.dataset.tip;
    tip.hidden = false;
    target.setAttribute("aria-describedby", [...otherDescriptions(target), tip.id].join(" "));
    const spot = target.getBoundingClientRect();
    const size = tip.getBoundingClientRect();
    const left = Math.min(Math.max(8, spot.left + spot.width / 2 - size.width / 2), innerWidth - size.width - 8);
    const above = spot.top - size.height - 8;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 8 ? above : spot.bottom + 8}px`;
  }

  function hideTip() {
    if (!owner) return;
    pal.setAttr(owner, "aria-describedby", otherDescriptions(owner).join(" ") || null);
    owner = null;
    tip.hidden = true;
  }

  for (const type of ["mouseover", "focusin"]) {
    document.addEventListener(type, (event) => {
      const target = event.target.closest?.("[data-tip]");
      if (target === owner) return;
      hideTip();
      if (target?.dataset.tip) showTip(target);
    });
  }
  for (const type of ["focusout", "input"]) document.addEventListener(type, hideTip); // one who types needs the room
  document.addEventListener("scroll", hideTip, { capture: true, passive: true });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hideTip());

  function setTip(node, text) {
    if (text) node.dataset.tip = text;
    else delete node.dataset.tip;
    if (owner === node) {
      if (text) tip.textContent = text;
      else hideTip();
    }
  }

  // ---- dialogs ----------------------------------------------------------------------------------------------

  // A modal dialog with a title and a close button; Escape and a click beside it close it, focus returns by itself.
  function dialog(title, content, { className = "", onClose = null } = {}) {
    const box = h("dialog", { class: `pal-dialog ${className}`, "aria-label": title });
    const head = h(
      "div",
      { class: "pal-dialog-head" },
      h("h2", { text: title }),
      toolButton("close", pal.text("notice.close"), () => box.close()),
    );
    box.append(head, content);
    box.addEventListener("click", (event) => event.target === box && box.close());
    box.addEventListener("close", () => {
      box.remove();
      if (onClose) onClose();
    });
    document.body.append(box);
    box.showModal();
    return box;
  }

  // ---- clipboard --------------------------------------------------------------------------------------------

  // navigator.clipboard is missing on plain http pages that are not on loopback.
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = h("textarea", { class: "pal-sr-only", "aria-hidden": "true" });
      area.value = text;
      (document.querySelector("dialog[open]") || document.body).append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  }

  function copyButton(read, label = pal.text("notice.copy")) {
    const button = toolButton("copy", label, async () => {
      const done = await copy(await read());
      setTip(button, done ? pal.text("notice.copied") : pal.text("notice.not_copied"));
      setTimeout(() => setTip(button, label), 1500);
    });
    return button;
  }

  // A button that is only an icon; its label is its tip.
  function toolButton(iconName, label, fn) {
    const button = h("button", { class: "pal-iconbutton", type: "button", "aria-label": label, data: { tip: label } });
    button.append(pal.icon(iconName));
    button.addEventListener("click", fn);
    return button;
  }

  Object.assign(pal, { toast, settled, fail, errorText, setTip, dialog, copy, copyButton, toolButton });
})();
