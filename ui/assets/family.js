// The family of a run on its card: the tree of forks, and the relatives' curves laid over the card's own.
//
// Always holds: the tree is asked for once and again only when a fork appeared; states come with the page's one poller;
// curves are read by cursor, of the nearest MOST relatives, while they are shown and nothing else is.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const { count, value, known } = pal.format;
  const MOST = 8;
  const DEEPEST = 6; // levels that are indented; deeper ones stand below each other
  const PERIOD = 2000; // ms between two questions for the curves of relatives that train
  const LONGEST = 3; // changed settings that a node names
  let serial = 0;

  class FamilyView {
    // onOverlay(relatives): called with [{run, data}] whenever the curves to be laid over the charts change.
    constructor(run, onOverlay) {
      this.run = run;
      this.onOverlay = onOverlay;
      this.members = new Map(); // run id -> member, parents first
      this.nodes = new Map();
      this.overlay = new Map(); // run id -> {run, data}
      this.askedAt = this.readAt = -Infinity;
      this.build();
    }

    build() {
      serial += 1;
      this.title = h("h4", { class: "pal-family-title", text: pal.text("family.title") });
      this.toggle = h("input", { type: "checkbox", role: "switch", class: "pal-switch", id: `overlay-${serial}` });
      this.toggle.addEventListener("change", () => this.choose(this.toggle.checked));
      const label = h("label", { class: "pal-family-switch" }, this.toggle, h("span", { text: pal.text("family.overlay") }));
      label.setAttribute("for", this.toggle.id);
      this.tree = h("ul", { class: "pal-tree" });
      const scroll = h("div", { class: "pal-tree-box" }, this.tree);
      this.legend = h("div", { class: "pal-family-legend", hidden: true, role: "list", "aria-label": pal.text("family.curves") });
      this.node = h("section", { class: "pal-family", hidden: true, "aria-label": pal.text("family.title") }, h("div", { class: "pal-family-head" }, this.title, label), scroll, this.legend);
    }

    // ---- what is known --------------------------------------------------------------------------------------

    // Called at every answer of the poller while the card is in view.
    tick(run) {
      this.run = run;
      const runs = pal.state.data?.runs || [];
      const born = runs.some((each) => this.members.has(each.parent_id) && !this.members.has(each.id));
      const now = performance.now();
      if ((this.members.size === 0 || born) && now - this.askedAt > PERIOD) this.load();
      for (const each of runs) if (this.members.has(each.id)) this.update(each);
      if (this.overlay.size && now - this.readAt > PERIOD) this.read();
    }

    async load() {
      this.askedAt = performance.now();
      try {
        const { runs } = await pal.api.family(this.run.id);
        this.members = new Map(runs.map((each) => [each.id, each]));
        this.draw();
        if (this.toggle.checked) this.choose(true);
      } catch (error) {
        if (!(error instanceof pal.ApiError)) throw error; // the next answer of the poller asks again
      }
    }

    update(run) {
      Object.assign(this.members.get(run.id), { status: run.status, returns: run.returns, evaluation: run.evaluation, name: run.name });
      this.nodes.get(run.id)?.show(this.members.get(run.id));
    }

    // ---- the tree -------------------------------------------------------------------------------------------

    draw() {
      this.node.hidden = this.members.size < 2;
      setText(this.title, pal.text("family.count", { count: this.members.size }));
      this.nodes.clear();
      const lists = new Map([[null, { list: h("ul", { class: "pal-tree" }), depth: 0 }]]);
      for (const member of this.members.values()) {
        const parent = lists.get(this.members.has(member.parent_id) ? member.parent_id : null);
        const node = this.nodeOf(member);
        const below = h("ul", { class: parent.depth < DEEPEST ? "pal-tree" : "pal-tree pal-tree-flat" });
        parent.list.append(h("li", {}, node, below));
        lists.set(member.id, { list: below, depth: parent.depth + 1 });
        this.nodes.set(member.id, node);
      }
      const root = lists.get(null).list;
      this.tree.replaceWith(root);
      this.tree = root;
    }

    nodeOf(member) {
      const sign = pal.sign(member.status, { wordless: true });
      const name = h("span", { class: "pal-tree-name" });
      const facts = h("span", { class: "pal-tree-facts" });
      const best = h("span", { class: "pal-tree-best" });
      const node = h("button", { class: "pal-tree-node", type: "button", data: { run: member.id } }, sign, name, facts, best);
      if (member.id === this.run.id) node.setAttribute("aria-current", "true");
      else node.addEventListener("click", () => openCard(member.id));
      node.show = (now) => {
        sign.show(now.status);
        setText(name, pal.runs.title(now));
        setText(facts, factsOf(now));
        setText(best, known(now.returns?.best) ? pal.text("family.best", { value: value(now.returns.best) }) : "");
        pal.setTip(node, tipOf(now, now.id === this.run.id));
      };
      node.show(member);
      return node;
    }

    // ---- the curves -----------------------------------------------------------------------------------------

    choose(wanted) {
      const chosen = wanted ? this.nearest() : [];
      for (const id of [...this.overlay.keys()]) if (!chosen.includes(id)) this.drop(id);
      for (const id of chosen) if (!this.overlay.has(id)) this.overlay.set(id, { run: this.members.get(id), data: new pal.RunSeries(id), fresh: true });
      this.showLegend();
      this.onOverlay([...this.overlay.values()]);
      this.read();
    }

    // The relatives that are fewest births away, the older first.
    nearest() {
      const near = new Map([[this.run.id, 0]]);
      const kin = new Map([...this.members.keys()].map((id) => [id, []]));
      for (const { id, parent_id: parent } of this.members.values()) {
        if (!kin.has(parent)) continue;
        kin.get(id).push(parent);
        kin.get(parent).push(id);
      }
      for (const [id, away] of near) for (const each of kin.get(id) || []) if (!near.has(each)) near.set(each, away + 1);
      return [...near.keys()].slice(1, MOST + 1);
    }

    // What is new of every relative that may have something new.
    async read() {
      this.readAt = performance.now();
      const due = [...this.overlay.values()].filter(({ run, data, fresh }) => !data.busy && (fresh || data.wantsReread || pal.runs.isLive(run)));
      const results = await Promise.allSettled(due.map(async (each) => {
        const changed = each.data.wantsReread ? await each.data.reread().then(() => true) : await each.data.refresh();
        each.fresh = pal.runs.isLive(each.run); // once more after its end
        return changed;
      }));
      if (results.some(({ value: changed }) => changed)) this.onOverlay([...this.overlay.values()]);
    }

    drop(id) {
      this.overlay.delete(id);
      const hasCard = [...document.querySelectorAll(".pal-card")].some((card) => card.dataset.run === id);
      if (!hasCard) pal.runs.freeColour(id);
    }

    showLegend() {
      const entry = (run, words) => h("span", { class: "pal-family-entry", role: "listitem" }, pal.swatch("", 2.5, pal.runs.colourOf(run.id)), words);
      this.legend.hidden = this.overlay.size === 0;
      const left = this.members.size - 1 - this.overlay.size;
      this.legend.replaceChildren(entry(this.run, pal.text("family.this_run", { run: pal.runs.title(this.run) })), ...[...this.overlay.values()].map(({ run }) => entry(run, pal.runs.title(run))));
      if (left > 0) this.legend.append(h("span", { class: "pal-family-entry", text: pal.text("family.farther", { count: left }) }));
    }

    recolour() {
      if (this.overlay.size) this.showLegend();
    }

    destroy() {
      for (const id of [...this.overlay.keys()]) this.drop(id);
    }
  }

  // "from 512 · learning rate 0.0003 → 0.01"
  function factsOf(member) {
    const changes = changesOf(member);
    const left = changes.length - LONGEST;
    const step = known(member.parent_step) ? pal.text("family.from", { step: member.parent_step }) : "";
    const from = / from [\d,]+$/.test(pal.runs.title(member)) ? "" : step; // forks are called so by themselves
    return [from, ...changes.slice(0, LONGEST), left > 0 ? pal.text("family.more", { count: left }) : ""].filter(Boolean).join(" · ");
  }

  function changesOf(member) {
    return Object.entries(member.difference || {}).map(([path, [old, now]]) => `${path.split(".").at(-1).replace("total_timesteps", "total steps").replaceAll("_", " ")} ${brief(old)} → ${brief(now)}`);
  }

  function brief(setting) {
    if (setting === null) return pal.text("family.none");
    if (typeof setting === "number") return Number.isInteger(setting) ? count(setting) : String(setting);
    const text = typeof setting === "string" ? setting : JSON.stringify(setting);
    return text.length > 24 ? `${text.slice(0, 23)}…` : text;
  }

  function tipOf(member, own) {
    const seen = known(member.evaluation?.mean_return) ? pal.text("family.evaluated", { value: value(member.evaluation.mean_return) }) : "";
    const ids = [member.config_hash ? pal.text("family.configuration", { hash: member.config_hash }) : "", member.git_commit ? pal.text(member.git_commit.includes("+") ? "family.program_changed" : "family.program", { commit: member.git_commit.slice(0, 10) }) : ""];
    return [pal.runs.title(member), pal.statusWord(member.status), ...changesOf(member), seen, ...ids, own ? pal.text("family.this_card") : pal.text("family.opens_card")].filter(Boolean).join(" · ");
  }

  // The card of any run, however long ago it ended.
  async function openCard(id) {
    try {
      pal.showRun(await pal.api.run(id));
    } catch (error) {
      pal.fail(error, pal.text("family.not_opened"), `open ${id}`);
    }
  }

  pal.FamilyView = FamilyView;
})();
