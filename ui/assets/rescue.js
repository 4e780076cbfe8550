// What a process that died has left behind: each interrupted run with its button, and one button for all of them.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const { count } = pal.format;
  const MOST = 8; // runs with a line of their own

  function rescue() {
    const text = h("p");
    const all = h("button", { class: "pal-button pal-button-main", type: "button", text: "Resume all" });
    const head = h("div", { class: "pal-rescue-head", role: "status" }, text, all);
    const rows = h("div", { class: "pal-rows" });
    const more = h("p", { class: "pal-rescue-more", hidden: true });
    const node = h("section", { class: "pal-rescue", "aria-label": "Interrupted runs", hidden: true }, head, rows, more);
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
      setText(more, `and ${count(number - shown.length)} more`);
    };
    return node;
  }

  function words(number) {
    if (number === 1) return "1 run was interrupted when its process ended. It goes on from its last checkpoint.";
    return `${count(number)} runs were interrupted when their process ended. They go on from their last checkpoints.`;
  }

  async function resumeAll(button) {
    button.disabled = true;
    try {
      const { runs } = await pal.api.resumeInterrupted();
      pal.settled("resume all");
      if (runs.length) pal.toast(`${count(runs.length)} ${runs.length === 1 ? "run goes" : "runs go"} on.`, { kind: "success", key: "resume all" });
      else pal.toast("None of them can go on; the program's log says why.", { kind: "error", key: "resume all" });
    } catch (error) {
      pal.fail(error, "Could not resume them", "resume all");
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
      setText(told, now.reason || pal.runs.facts(now));
      buttons.show(now);
    };
    return node;
  }

  pal.rescue = rescue;
})();
