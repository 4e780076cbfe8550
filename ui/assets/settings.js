// The Settings tab: looks and language, how the form and Start behave, what is asked before it is done, own defaults.
//
// Always holds: a choice counts at once, here and in every other tab of this browser; there is no button to save it.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;
  let serial = 0;

  // A heading and what stands under it.
  function section(key, ...content) {
    const about = h("p", { class: "pal-settings-about", text: pal.text(`settings.${key}.about`) });
    return h("section", { class: "pal-settings-part", id: `settings-${key}` }, h("h2", { text: pal.text(`settings.${key}`) }), about, ...content);
  }

  // A control under its name, with a line that says what it does.
  function row(control, name, about = "") {
    serial += 1;
    control.id ||= `settings-control-${serial}`;
    const help = about ? h("p", { class: "pal-settings-help", id: `${control.id}-help`, text: about }) : null;
    if (help) control.setAttribute("aria-describedby", help.id);
    // A button has a name of its own.
    const label = control.tagName === "BUTTON" ? h("b", { text: name }) : h("label", { for: control.id, text: name });
    return h("div", { class: "pal-settings-row" }, h("div", {}, label, help), control);
  }

  function choice(options, value, fn) {
    const node = h("select", { class: "pal-input" }, ...options.map(([name, text]) => h("option", { value: name, text })));
    node.value = value;
    node.addEventListener("change", () => fn(node.value));
    return node;
  }

  // A switch of one of this reader's choices.
  function toggle(name) {
    const node = h("input", { type: "checkbox", role: "switch", class: "pal-switch" });
    const show = () => (node.checked = pal.preferences.get(name));
    node.addEventListener("change", () => pal.preferences.set(name, node.checked));
    pal.preferences.on(name, show);
    show();
    return node;
  }

  function looks() {
    const themes = ["system", "light", "dark"].map((name) => [name, pal.text(`settings.theme.${name}`)]);
    const theme = choice(themes, pal.theme(), (name) => pal.preferences.set("theme", name));
    pal.preferences.on("theme", () => (theme.value = pal.theme()));
    const browsers = ["", pal.text("settings.language.browser")];
    const languages = pal.languages.map(({ name, title }) => [name, title]);
    const language = choice([browsers, ...languages], pal.preferences.get("language") ?? "", (name) => pal.speak(name || null));
    return section(
      "looks",
      row(theme, pal.text("settings.theme")),
      row(language, pal.text("settings.language"), pal.text("settings.language.about")),
    );
  }

  function training() {
    const forget = h("button", { class: "pal-button", type: "button", text: pal.text("settings.forget_form.go") });
    forget.addEventListener("click", () => {
      pal.forgetForm();
      pal.toast(pal.text("settings.forget_form.done"), { kind: "success", key: "forget form" });
    });
    return section(
      "training",
      row(toggle("openMonitor"), pal.text("settings.open_monitor"), pal.text("settings.open_monitor.about")),
      row(toggle("rememberForm"), pal.text("settings.remember_form"), pal.text("settings.remember_form.about")),
      row(forget, pal.text("settings.forget_form"), pal.text("settings.forget_form.about")),
    );
  }

  function asking() {
    return section("asking", ...pal.preferences.rules().map((rule) => row(toggle(rule), pal.text(`settings.${rule}`), pal.text(`settings.${rule}.about`))));
  }

  function everything() {
    const reset = h("button", { class: "pal-button", type: "button", id: "settings-reset-go", text: pal.text("settings.reset.go") });
    reset.addEventListener("click", async () => {
      const wording = { title: pal.text("settings.reset"), text: pal.text("settings.reset.lost"), action: pal.text("settings.reset.go") };
      if (!(await pal.confirmed(null, wording))) return;
      pal.preferences.forgetAll();
      pal.forgetForm();
      location.reload();
    });
    return section("reset", row(reset, pal.text("settings.reset.label")));
  }

  pal.island("settings", (root) => {
    const defaults = new pal.DefaultsEditor();
    const own = section("defaults", defaults.node);
    root.append(h("div", { class: "pal-settings" }, looks(), training(), asking(), own, everything()));
    pal.watchVisible(root, (visible) => visible && defaults.read());
    root.dataset.ready = "true";
  });
})();
