// What a process that died has left behind: each interrupted run with its button, and one button for all of them.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const { count } = pal.format;
  const MOST = 8; // runs with a line of their own

  function rescue() {
    const text = h("p");
    const all = h("button", { class: "pal-button pal-button-main", type: "button", text: pal.text("rescue.resume_all") });
    const head = h("div", { class: "pal-rescue-head", role: "status" }, text, all);
    const rows = h("div", { class: "pal-rows" });
    const more = h("p", { class: "pal-rescue-more", hidden: true });
    const node = h("section", { class: "pal-rescue", "aria-label": pal.text("rescue.title"), hidden: true }, head, rows, more);
    const made = new Map(); // run id -> row
    all.addEventListener("click", () => resumeAll(all));
    node.show = (number, runs) => {
      node.hidden = !number;
      setText(text, words(number));
      const shown = runs.slice(0, MOST);
      for (const id of made.keys()) if (!shown.some((run) => run.id === id)) made.delete(id);
      for (const run of shown) {
        if (!made.has(run.id)) made.set(run.id, rowOf(run));
        made.get(run.id).show(run);
      }
      pal.arrange(rows, shown.map((run) => made.get(run.id)));
      more.hidden = number <= shown.length;
      setText(more, pal.text("rescue.more", { count: number - shown.length }));
    };
    return node;
  }

  function words(number) {
    return pal.text("rescue.words", { count: number });
  }

  async function resumeAll(button) {
    button.disabled = true;
    try {
      const { runs } = await pal.api.resumeInterrupted();
      pal.settled("resume all");
      if (runs.length) pal.toast(pal.text("rescue.resumed", { count: runs.length }), { kind: "success", key: "resume all" });
      else pal.toast(pal.text("rescue.none"), { kind: "error", key: "resume all" });
    } catch (error) {
      pal.fail(error, pal.text("rescue.failed"), "resume all");
    }
    button.disabled = false;
    pal.pollNow();
  }

  function rowOf(run) {
    let current = run;
    const name = h("span", { class: "pal-row-name" });
    const told = h("span", { class: "pal-row-facts pal-row-told" });
    const buttons = pal.runs.actionButtons(() => current, ["resume"]);
    const node = h("div", { class: "pal-row", data: { run: run.id } }, name, told, buttons);
    node.show = (now) => {
      current = now;
      setText(name, pal.runs.title(now));
      setText(told, pal.said(now.reason) || pal.runs.facts(now));
      buttons.show(now);
    };
    return node;
  }

  pal.rescue = rescue;
})();
