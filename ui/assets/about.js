// What this program is and stands on: versions, the machine, licences with their texts; all as the server reads it.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;

  function rows(pairs) {
    return h("dl", { class: "pal-about-facts" }, ...pairs.map(([name, value]) => h("div", {}, h("dt", { text: name }), h("dd", { text: value }))));
  }

  // The same facts as lines of text, with the browser, for whoever reports a fault.
  function report({ versions, machine }) {
    const lines = [...versions, ...machine, ["Browser", navigator.userAgent], ["Page", `${innerWidth} x ${innerHeight}, ${pal.dark() ? "dark" : "light"}, ${pal.language}`]];
    return `${lines.map(([name, value]) => `${name}: ${value}`).join("\n")}\n`;
  }

  async function showLicence(name, path) {
    try {
      const { text } = await pal.api.request("GET", path);
      const foot = h("div", { class: "pal-dialog-buttons" }, pal.copyButton(() => text));
      pal.dialog(pal.text("about.licence_of", { name }), h("div", { class: "pal-licence" }, h("pre", { tabindex: "0", text }), foot), { className: "pal-dialog-wide" });
      pal.settled("licence");
    } catch (error) {
      pal.fail(error, pal.text("about.no_text"), "licence");
    }
  }

  function licenceButton(label, name, path) {
    const button = h("button", { type: "button", class: "pal-linkbutton", text: label, "aria-label": pal.text("about.read", { name, licence: label }) });
    button.addEventListener("click", () => showLicence(name, path));
    return button;
  }

  function packageRow({ name, version, licence, homepage, direct }) {
    const named = homepage ? h("a", { href: homepage, target: "_blank", rel: "noopener noreferrer", text: name }) : name;
    const stated = licence || pal.text("about.not_stated");
    const cells = [h("th", { scope: "row", class: direct ? "pal-about-direct" : null }, named), h("td", { text: version }), h("td", {}, licenceButton(stated, name, `api/about/licences/${encodeURIComponent(name)}`))];
    const row = h("tr", {}, ...cells);
    row.words = `${name} ${licence}`.toLowerCase();
    return row;
  }

  function packageTable(packages) {
    const all = packages.map(packageRow);
    const label = pal.text("about.find");
    const input = h("input", { type: "search", class: "pal-input", placeholder: label, "aria-label": label, autocomplete: "off" });
    const count = h("span", { class: "pal-guide-count", role: "status" });
    const show = () => {
      const wanted = input.value.toLowerCase().trim();
      for (const row of all) row.hidden = !row.words.includes(wanted);
      setText(count, pal.text("about.packages", { count: all.filter((row) => !row.hidden).length }));
    };
    input.addEventListener("input", show);
    show();
    const head = ["about.package", "about.version", "about.licence"].map((key) => h("th", { scope: "col", text: pal.text(key) }));
    const table = h("table", {}, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...all));
    return h("div", {}, h("div", { class: "pal-about-search" }, input, count), h("div", { class: "pal-guide-table", tabindex: "0", role: "region", "aria-label": pal.text("about.packages_title") }, table));
  }

  const NOTES = ["about.note_roms", "about.note_fonts", "about.note_icons", "about.note_presets"];

  function parts(about) {
    const copy = h("button", { type: "button", class: "pal-button", id: "copy-report" }, pal.icon("copy"), h("span", { text: pal.text("about.copy") }));
    copy.addEventListener("click", async () => setText(copy.lastChild, pal.text((await pal.copy(report(about))) ? "about.copied" : "about.not_copied")));
    const own = licenceButton(pal.text("about.own"), "Palaestra", "api/about/licence");
    return [
      h("h3", { text: pal.text("about.versions") }),
      h("div", { class: "pal-about-pair" }, rows(about.versions), rows(about.machine)),
      h("div", {}, copy),
      h("h3", { text: pal.text("about.licences") }),
      h("p", {}, pal.text("about.own_text"), " ", own),
      h("ul", {}, ...NOTES.map((key) => h("li", { text: pal.text(key) }))),
      h("h3", { text: pal.text("about.packages_title") }),
      packageTable(about.packages),
    ];
  }

  // node to show, and load() that fills it the first time it is shown.
  pal.aboutView = () => {
    const node = h("div", { class: "pal-about", "aria-busy": "true" }, h("p", { text: pal.text("about.reading") }));
    let loaded = false;
    const load = async () => {
      if (loaded) return;
      loaded = true;
      try {
        node.replaceChildren(...parts(await pal.api.request("GET", "api/about")));
        node.removeAttribute("aria-busy");
      } catch (error) {
        loaded = false; // shown again, it is tried again
        node.replaceChildren(h("p", { text: pal.text("about.not_read", { why: pal.errorText(error) }) }));
      }
    };
    return { node, load };
  };
})();
