// Light or dark: the reader's choice, else `--theme`, else what the system says; an address with __theme outweighs all.
//
// Gradio follows the system by a class on the body. Here that class is put right whenever Gradio or the reader changes it.
"use strict";

(() => {
  const pal = window.palaestra;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const started = document.querySelector('meta[name="palaestra-theme"]')?.content || "system";

  // "system", "light" or "dark": what holds for this reader.
  function theme() {
    return pal.preferences.get("theme") ?? started;
  }

  function keep() {
    if (new URLSearchParams(location.search).has("__theme")) return;
    const apply = () => {
      const wanted = theme() === "system" ? system.matches : theme() === "dark";
      if (pal.dark() !== wanted) document.body.classList.toggle("dark", wanted);
    };
    new MutationObserver(apply).observe(document.body, { attributes: true, attributeFilter: ["class"] });
    system.addEventListener("change", apply);
    pal.preferences.on("theme", apply);
    apply();
  }

  pal.theme = theme;
  keep();
})();
