// The Help tab: a list of guides on the left, the chosen one on the right, and a search through all of them.
//
// Always holds: a guide is built from trees of texts (ui/guide_pages.py) with `h()`, so nothing in it is markup; what is
// shown stands in the address, as #help/guide/heading, so links, the browser's way back and a reload find it again.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const NARROW = matchMedia("(max-width: 860px)");
  const ABOUT = "about";
  const MOST = 30; // findings that are listed
  const PATH = /^[a-z]+(\.[a-z_]+)+$/; // the name of a field
  const AROUND = 60; // characters of a finding on each side

  const idOf = (guide, anchor) => `guide-${guide}-${anchor}`;

  // ---- trees --------------------------------------------------------------------------------------------------

  function textOf(node) {
    return typeof node === "string" ? node : node.slice(2).map(textOf).join("");
  }

  function build(node, guide) {
    if (typeof node === "string") return node;
    const [tag, attributes, ...children] = node;
    const inside = children.map((child) => build(child, guide));
    if (tag === "a") return link(attributes, inside);
    if (tag === "table") return table(inside);
    if (tag === "pre") return h("div", { class: "pal-guide-pre" }, h("pre", { tabindex: "0" }, ...inside), pal.copyButton(() => textOf(node)));
    if (tag === "code") return h("code", {}, ...breakable(textOf(node)));
    if (tag === "th") return h("th", { scope: "col", role: "columnheader" }, ...inside);
    if (!attributes.anchor) return h(tag, {}, ...inside);
    const mark = h("a", { class: "pal-guide-anchor", href: `#help/${guide}/${attributes.anchor}`, "aria-label": pal.text("help.link_to", { title: textOf(node) }), text: "#" });
    return h(tag, { id: idOf(guide, attributes.anchor), tabindex: "-1" }, ...inside, mark);
  }

  // A long name may break after its dots, strokes and underscores.
  function breakable(text) {
    return text.split(/(?<=[/_.])/).flatMap((part, index) => (index ? [h("wbr"), part] : [part]));
  }

  // On a phone each row is a block of its own, in which a cell says its column; roles keep it a table to who listens.
  function table([head, body]) {
    const titles = [...head.querySelectorAll("th")].map((cell) => cell.textContent);
    for (const row of [...head.children, ...body.children]) row.setAttribute("role", "row");
    for (const row of body.children) {
      [...row.children].forEach((cell, index) => {
        cell.setAttribute("role", "cell");
        cell.dataset.column = titles[index] || "";
      });
    }
    return h("div", { class: "pal-guide-table pal-guide-rows", tabindex: "0", role: "region", "aria-label": titles.filter(Boolean).join(", ") || pal.text("help.table") }, h("table", { role: "table" }, head, body));
  }

  // A place in the page opens here, an address of the network in a window of its own.
  function link({ href, button }, inside) {
    const outside = href.startsWith("https://");
    const props = outside ? { target: "_blank", rel: "noopener noreferrer" } : {};
    const path = inside.length === 1 && PATH.test(inside[0]);
    return h("a", { href, class: button ? "pal-button pal-button-main" : path ? "pal-guide-field" : null, ...props }, ...(path ? breakable(inside[0]) : inside));
  }

  // A guide as its headings divide it: [{guide, title, anchor, heading, text}], what the search looks through.
  function sectionsOf({ name, title, nodes }) {
    const sections = [{ guide: name, title, anchor: "", heading: title, text: "" }];
    for (const node of nodes) {
      if (node[1].anchor) sections.push({ guide: name, title, anchor: node[1].anchor, heading: textOf(node), text: "" });
      else for (const part of partsOf(node)) sections[sections.length - 1].text += `${part} `;
    }
    return sections;
  }

  // Rows of tables and items of lists are findings of their own: their texts do not run into each other.
  function partsOf(node) {
    if (["table", "thead", "tbody", "tr", "ul", "ol"].includes(node[0])) return node.slice(2).flatMap((child) => (typeof child === "string" ? [child] : partsOf(child)));
    return [textOf(node)];
  }

  class Help {
    constructor(root, guides) {
      this.guides = guides;
      this.sections = guides.flatMap(sectionsOf);
      this.about = pal.aboutView();
      this.links = new Map(); // name -> link in the list
      this.article = h("article", { class: "pal-guide", tabindex: "-1" });
      root.append(h("div", { class: "pal-help" }, this.buildList(), this.article));
      // Once more to where one is already: the address does not change, so nobody else would lead there.
      root.addEventListener("click", (event) => {
        const target = event.target.closest("a[href^='#']");
        if (target && target.hash === location.hash) pal.goTo(target.hash);
      });
      this.fold();
      NARROW.addEventListener("change", () => this.fold());
      this.show(guides[0].name, "", false);
    }

    buildList() {
      const label = pal.text("help.search");
      this.search = h("input", { type: "search", class: "pal-input", placeholder: label, "aria-label": label, autocomplete: "off", spellcheck: "false" });
      this.search.addEventListener("input", () => this.find());
      this.search.addEventListener("keydown", (event) => this.key(event));
      this.found = h("ul", { class: "pal-guide-found", hidden: true });
      this.count = h("p", { class: "pal-guide-count", role: "status" });
      const item = (name, title) => {
        const link = h("a", { href: `#help/${name}`, text: title });
        this.links.set(name, link);
        return h("li", {}, link, h("ul", { class: "pal-guide-headings", hidden: true }));
      };
      const keys = h("button", { type: "button", class: "pal-linkbutton", text: pal.text("shortcuts.title") });
      keys.addEventListener("click", pal.showShortcuts);
      const list = h("ul", { class: "pal-guide-list" }, ...this.guides.map(({ name, title }) => item(name, title)), item(ABOUT, pal.text("help.about")), h("li", {}, keys));
      this.list = list;
      this.summary = h("span");
      this.nav = h(
        "details",
        { class: "pal-help-nav" },
        h("summary", {}, pal.icon("book"), this.summary),
        h("nav", { "aria-label": pal.text("help.guides") }, this.search, this.count, this.found, list),
      );
      return this.nav;
    }

    // Beside the text the list always stands open; above it, on a phone, it folds away.
    fold() {
      this.nav.open = !NARROW.matches;
    }

    // ---- showing ----------------------------------------------------------------------------------------------

    // place: "curves/approx-kl" as an address names it; what is not there leads to the beginning.
    go(place) {
      const [name, anchor = ""] = place.split("/");
      this.show(this.links.has(name) ? name : this.guides[0].name, anchor, true);
    }

    show(name, anchor, moving) {
      if (name !== this.shown) this.fill(name);
      if (moving) {
        this.place = anchor ? `${name}/${anchor}` : name;
        pal.keepAddress("help", this.place);
      }
      if (NARROW.matches && moving) this.nav.open = false;
      const heading = anchor && document.getElementById(idOf(name, anchor));
      if (!moving) return;
      if (heading) {
        heading.scrollIntoView({ block: "start" });
        heading.focus({ preventScroll: true });
      } else {
        window.scrollTo(0, 0);
        this.article.focus({ preventScroll: true });
      }
    }

    fill(name) {
      this.shown = name;
      const guide = this.guides.find((each) => each.name === name);
      const title = guide ? guide.title : pal.text("help.about");
      this.article.replaceChildren(h("h2", { class: "pal-guide-title", text: title }), ...(guide ? guide.nodes.map((node) => build(node, name)) : [this.about.node]));
      pal.setAttr(this.article, "lang", guide ? guide.language : null);
      this.article.setAttribute("aria-label", title);
      setText(this.summary, title);
      if (!guide) this.about.load();
      for (const [each, link] of this.links) {
        const chosen = each === name;
        pal.setAttr(link, "aria-current", chosen ? "page" : null);
        const headings = link.parentNode.querySelector(".pal-guide-headings");
        headings.hidden = !chosen || !guide;
        headings.replaceChildren(...(chosen && guide ? this.headings(guide) : []));
      }
    }

    headings({ name, nodes }) {
      const main = nodes.filter((node) => node[0] === "h2" && node[1].anchor);
      return main.map((node) => h("li", {}, h("a", { href: `#help/${name}/${node[1].anchor}`, text: textOf(node) })));
    }

    // ---- searching --------------------------------------------------------------------------------------------

    key(event) {
      if (event.key === "Escape" && this.search.value) {
        event.stopPropagation();
        this.search.value = "";
        this.find();
      } else if (event.key === "Enter") {
        this.found.querySelector("a")?.click();
      }
    }

    find() {
      const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const found = words.length ? this.matches(words) : [];
      this.list.hidden = words.length > 0;
      this.found.hidden = found.length === 0;
      this.found.replaceChildren(...found.slice(0, MOST).map((section) => this.finding(section, words)));
      setText(this.count, words.length ? pal.text("help.found", { count: found.length }) : "");
    }

    // Sections whose heading matches before those where only their text does.
    matches(words) {
      const has = (text) => words.every((word) => text.toLowerCase().includes(word));
      const all = this.sections.filter((section) => has(`${section.title} ${section.heading} ${section.text}`));
      const named = all.filter((section) => has(section.heading));
      const within = all.filter((section) => !named.includes(section) && has(section.text));
      return [...named, ...within, ...all.filter((section) => !named.includes(section) && !within.includes(section))];
    }

    finding({ guide, title, anchor, heading, text }, words) {
      const link = h("a", { href: anchor ? `#help/${guide}/${anchor}` : `#help/${guide}` }, h("strong", { text: heading }));
      if (heading !== title) link.append(h("span", { class: "pal-guide-of", text: title }));
      const at = words.map((word) => text.toLowerCase().indexOf(word)).find((index) => index >= 0);
      if (at !== undefined) link.append(h("span", { class: "pal-guide-snippet" }, ...excerpt(text, at, words)));
      return h("li", {}, link);
    }
  }

  // The words around a finding, with what was looked for marked.
  function excerpt(text, at, words) {
    const from = Math.max(0, at - AROUND);
    const piece = `${from > 0 ? "…" : ""}${text.slice(from, at + AROUND * 2).trim()}…`;
    const pattern = new RegExp(`(${words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "gi");
    return piece.split(pattern).map((part, index) => (index % 2 ? h("mark", { text: part }) : part));
  }

  let help = null;
  function toSearch() {
    if (!help) return;
    help.nav.open = true;
    help.search.focus();
  }
  pal.shortcut("/", toSearch, { tab: "help", says: "help.search" });

  pal.island("help", async (root) => {
    for (;;) {
      try {
        const { guides } = await root.server.guides({ language: pal.language });
        help = new Help(root, guides);
        break;
      } catch (error) {
        pal.fail(error, pal.text("help.not_read"), "guides");
        await new Promise((done) => setTimeout(done, 3000));
      }
    }
    pal.settled("guides");
    root.dataset.ready = "true";
    pal.place("help", (place) => help.go(place), () => help.place);
  });
})();
