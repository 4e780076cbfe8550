// Prune: which checkpoints would go and what the disk gets back, then a question that names what is lost.
//
// Always holds: nothing is deleted that was not counted before with the same answers; what is being counted when an
// answer changes is never shown.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;
  const { count, bytes } = pal.format;
  const SHOWN = 12;

  class Prune extends pal.ToolPanel {
    constructor(tools) {
      super(tools, { name: "prune", kinds: ["prune"], icon: "bin" });
      const option = (value) => h("option", { value, text: pal.text(`tools.scope_${value}`) });
      this.scope = this.field(pal.text("tools.scope"), h("select", { class: "pal-input" }, option("run"), option("all")));
      this.newest = this.number(pal.text("tools.keep_newest"), 1, pal.text("tools.keep_newest_tip"));
      this.keep = {};
      for (const name of ["best", "final", "milestones", "replay"]) this.keep[name] = this.check(pal.text(`tools.keep_${name}`), true);
      this.form.addEventListener("input", () => this.forget());
      this.scope.addEventListener("change", () => this.allow(this.possible));
    }

    get named() {
      return { newest: this.newest };
    }

    // All runs may be pruned whichever is chosen.
    allow(possible) {
      this.possible = possible;
      super.allow(possible || this.scope.value === "all");
    }

    mine(job) {
      return job.kind === "prune" && (job.run === null || job.run === this.run?.id);
    }

    read() {
      const kept = Object.fromEntries(Object.entries(this.keep).map(([name, box]) => [name, box.checked]));
      return { run: this.scope.value === "run" ? this.run.id : null, newest: pal.readNumber(this.newest.value, { whole: true }), ...kept };
    }

    follow(run, other) {
      this.run = run;
      if (other) this.forget();
    }

    forget() {
      this.counting = null;
      this.blame([]);
      this.results.replaceChildren();
      this.gate();
    }

    get hindered() {
      return super.hindered || Boolean(this.counting);
    }

    async submit() {
      this.blame([]);
      const asked = this.read();
      const counting = (this.counting = {});
      this.gate();
      this.results.replaceChildren(h("p", { class: "pal-tool-none", role: "status", text: pal.text("tools.counting") }));
      try {
        const found = await pal.api.prunePreview({ ...asked, run: asked.run || "" });
        if (counting !== this.counting) return;
        this.counting = null;
        this.showPreview(found, asked);
      } catch (error) {
        if (counting !== this.counting) return;
        this.forget();
        this.blame(error.details?.length ? error.details : [{ message: error.message }]);
      }
      this.gate();
    }

    showPreview(found, asked) {
      const nothing = found.checkpoint_count === 0 && found.replay_count === 0;
      if (nothing) {
        this.results.replaceChildren(h("p", { class: "pal-tool-none", text: pal.text("tools.nothing_to_prune") }));
        return;
      }
      const lines = found.runs.slice(0, SHOWN).map((each) => h("li", {}, h("span", { text: each.name }), h("span", { class: "pal-tool-note", text: ` ${goes(each)} · ${bytes(each.freed_bytes)}` })));
      const more = found.run_count - lines.length;
      if (more > 0) lines.push(h("li", { class: "pal-tool-note", text: pal.text("tools.more_runs", { count: more }) }));
      const remove = h("button", { class: "pal-action", type: "button", data: { action: "stop" } }, h("span", { text: pal.text("tools.prune_do") }));
      remove.addEventListener("click", () => this.ask(found, asked));
      const freed = h("p", { class: "pal-tool-freed" }, h("strong", { text: bytes(found.freed_bytes) }), h("span", { text: ` ${pal.text("tools.come_free")}` }));
      const shared = found.shared_bytes > 0 ? h("p", { class: "pal-tool-note", text: pal.text("tools.shared", { size: bytes(found.shared_bytes) }) }) : null;
      this.results.replaceChildren(freed, h("p", { class: "pal-tool-note", text: total(found.checkpoint_count, found.replay_count, found.run_count) }), ...[shared].filter(Boolean), h("ul", { class: "pal-tool-list" }, ...lines), remove);
      remove.focus();
    }

    ask(found, asked) {
      const wording = {
        title: pal.text("tools.prune_question"),
        text: [total(found.checkpoint_count, found.replay_count, found.run_count), pal.text("tools.prune_lost")],
        action: pal.text("tools.prune_do"),
        stay: pal.text("tools.keep_all"),
      };
      pal.confirmed("prune", { ...wording, act: () => this.prune(asked) }).catch((error) => pal.fail(error, pal.text("tools.prune"), "prune"));
    }

    async prune(asked) {
      await this.tools.submit({ kind: "prune", ...asked });
      this.results.replaceChildren();
    }

    finished(job) {
      const { checkpoints, replays, runs, freed_bytes: freed, skipped } = job.result;
      const done = h("p", { role: "status", text: pal.text("tools.pruned", { what: total(checkpoints, replays, runs), size: bytes(freed) }) });
      this.results.replaceChildren(done, ...skipped.map((text) => h("p", { class: "pal-tool-fault", text: pal.said(text) })));
      this.tools.again(); // its checkpoints are others now
    }
  }

  function goes(each) {
    const steps = each.checkpoints.map((one) => `${count(one.step)} (${pal.runs.checkpointKind(one)})`);
    const replays = each.replays.length ? [pal.text("tools.replays_of", { count: each.replays.length })] : [];
    return [...steps.slice(0, 6), ...(steps.length > 6 ? ["…"] : []), ...replays].join(", ");
  }

  // "3 checkpoints and 1 replay buffer of 2 runs"
  function total(checkpoints, replays, runs) {
    const parts = [checkpoints && pal.text("tools.checkpoints", { count: checkpoints }), replays && pal.text("tools.replays", { count: replays })].filter(Boolean);
    const what = parts.length > 1 ? pal.text("tools.both", { first: parts[0], second: parts[1] }) : parts[0] || pal.text("tools.checkpoints", { count: 0 });
    return pal.text("tools.of_runs", { what, count: runs });
  }

  pal.toolPanel(5, (tools) => new Prune(tools));
})();
