// The ground of our scripts: one namespace, a builder for elements, and the islands in the page.
//
// Always holds: text from outside reaches the page through textContent or setAttribute only, never as markup;
// an island is built once, after our styles have arrived, so that nothing is ever seen unstyled.
"use strict";

(() => {
  const pal = (window.palaestra = window.palaestra || {});

  // h("button", {class: "x", text: "Pause", data: {action: "pause"}, on: {click: fn}, "aria-label": "…"}, child, …)
  function h(tag, props = {}, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(props)) {
      if (value === null || value === undefined || value === false) continue;
      if (key === "class") node.className = value;
      else if (key === "text") node.textContent = value;
      else if (key === "data") Object.assign(node.dataset, value);
      else if (key === "on") for (const [type, fn] of Object.entries(value)) node.addEventListener(type, fn);
      else node.setAttribute(key, value === true ? "" : String(value));
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  // Writing the same text again would still cost the browser a layout.
  function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  function setAttr(node, name, value) {
    if (value === null || value === undefined || value === false) node.removeAttribute(name);
    else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? "" : String(value));
  }

  // Draws a part of the page anew; a focus that was on something in it that is gone comes to what `next()` gives.
  function keepFocus(node, redraw, next) {
    const within = node.contains(document.activeElement);
    redraw();
    if (within && !node.contains(document.activeElement)) next()?.focus({ preventScroll: true });
  }

  // Puts `wanted` nodes into `parent` in that order and moves only those that stand elsewhere.
  function arrange(parent, wanted) {
    for (const node of [...parent.children]) if (!wanted.includes(node)) node.remove();
    wanted.forEach((node, index) => {
      if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] || null);
    });
  }

  // Calls fn(true|false) whenever `node` comes near the screen or leaves it; a hidden tab counts as away.
  function watchVisible(node, fn, margin = "200px") {
    const observer = new IntersectionObserver((entries) => fn(entries[entries.length - 1].isIntersecting), {
      rootMargin: margin,
    });
    observer.observe(node);
    return () => observer.disconnect();
  }

  // Keeps `content` in `place` only while the tab around it is open. Browsers read every form of a page again whenever
  // any of its buttons changes, to offer to fill it in; a long form in a closed tab made a click elsewhere four times slower.
  function onlyWhileShown(place, content) {
    const panel = place.closest('[role="tabpanel"]');
    const sync = () => {
      const shown = !panel || getComputedStyle(panel).display !== "none";
      if (shown && !content.isConnected) place.append(content);
      else if (!shown) content.remove();
    };
    if (panel) new MutationObserver(sync).observe(panel, { attributes: true, attributeFilter: ["class", "hidden", "style"] });
    sync();
  }

  const remembered = {
    get(key, fallback) {
      try {
        const text = localStorage.getItem(`palaestra.${key}`);
        return text === null ? fallback : JSON.parse(text);
      } catch {
        return fallback; // storage may be switched off or hold another program's text
      }
    },
    set(key, value) {
      try {
        localStorage.setItem(`palaestra.${key}`, JSON.stringify(value));
      } catch {
        // A choice that cannot be remembered still holds for this visit.
      }
    },
  };

  const stylesReady = Promise.all(
    [...document.querySelectorAll("link[data-palaestra]")].map(
      (link) =>
        link.sheet ||
        new Promise((done) => {
          link.addEventListener("load", done, { once: true });
          link.addEventListener("error", done, { once: true });
        }),
    ),
  );

  const builders = new Map();
  const mounted = new WeakSet();
  let started = false;

  // island("monitor", (node) => …): `node` is the empty element that Gradio holds for us.
  function island(name, build) {
    builders.set(name, build);
  }

  // Called by the last script, when every part is known.
  function start() {
    started = true;
    pal.stopIdleFrames();
    mountIslands();
  }

  // Called whenever Gradio shows a tab for the first time, perhaps before our scripts have arrived.
  function mountIslands() {
    if (!started) return;
    for (const node of window.palaestraIslands || []) {
      const build = node && builders.get(node.dataset.island);
      if (!build || mounted.has(node)) continue;
      mounted.add(node);
      // A style that never arrives must not keep the page empty.
      Promise.race([stylesReady, new Promise((done) => setTimeout(done, 3000))]).then(() => {
        nameThePage();
        build(node);
      });
    }
  }

  // Every tab begins at its own h2; what they are all parts of is said once, to those who listen to the page.
  function nameThePage() {
    const main = document.querySelector("main");
    if (main && !document.querySelector("h1")) main.prepend(h("h1", { class: "pal-sr-only", text: "Palaestra" }));
  }

  function dark() {
    return document.body.classList.contains("dark");
  }

  // fn is called whenever light turns dark or back.
  function onTheme(fn) {
    let was = dark();
    new MutationObserver(() => {
      if (dark() === was) return;
      was = dark();
      fn(was);
    }).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  }

  Object.assign(pal, { h, setText, setAttr, keepFocus, arrange, watchVisible, onlyWhileShown, remembered, island, start, mountIslands, dark, onTheme });
})();
