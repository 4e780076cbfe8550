// Gradio's tabs under their names in the reader's language. Gradio draws them, also as copies that it measures and in
// the menu of those that do not fit, each with the English that ui/page.py gives it; only their text is changed.
"use strict";

(() => {
  const pal = window.palaestra;
  const TABS = ["train", "environments", "monitor", "videos", "tools", "settings", "help"];

  function translate(wrapper, names) {
    for (const button of wrapper.querySelectorAll("button")) {
      for (const node of button.childNodes) {
        const name = node.nodeType === Node.TEXT_NODE && names.get(node.data.trim());
        if (name) node.data = name;
      }
    }
  }

  // Gradio draws its tabs some moments after our scripts run.
  function watch(triesLeft) {
    const wrapper = document.querySelector("#pal-tabs > .tab-wrapper");
    if (!wrapper) {
      if (triesLeft > 0) setTimeout(() => watch(triesLeft - 1), 50);
      return;
    }
    const names = new Map(TABS.map((tab) => [pal.english(`tab.${tab}`), pal.text(`tab.${tab}`)]));
    translate(wrapper, names);
    new MutationObserver(() => translate(wrapper, names)).observe(wrapper, { childList: true, subtree: true });
    window.dispatchEvent(new Event("resize")); // names of another length: Gradio measures which of them fit
  }

  if (pal.language !== "en") watch(200);
})();
