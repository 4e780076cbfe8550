// Where a run's time goes: one bar of coloured parts, and under it, when opened, the tree with shares and seconds.
//
// Always holds: the nodes are made once; an update changes widths and words only.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText, setTip } = pal;
  const { duration, percent } = pal.format;

  // The first part of a path is its group; `timing.<path>` is its name, `timing.about.<path>` what it is.
  const GROUPS = ["collect", "update", "rest", "waiting"];
  const BRANCHES = [
    ...["collect/inference", "collect/environment", "collect/buffer"],
    ...["update/sample", "update/forward", "update/backward", "update/optimiser"],
    ...["rest/evaluation", "rest/video", "rest/checkpoint", "rest/logging", "waiting/waiting"],
  ];
  const nameOf = (path) => pal.text(`timing.${path.replace("/", ".")}`);
  const aboutOf = (path) => pal.text(`timing.about.${path.replace("/", ".")}`);
  let opened = false; // as the reader left it, for the cards to come

  class TimingView {
    constructor() {
      this.parts = BRANCHES.map((path) => {
        const [name, about] = [nameOf(path), aboutOf(path)];
        const [group, leaf] = path.split("/");
        const segment = h("span", { class: "pal-time-part", data: { group, tip: `${name}: ${lowered(about)}` } });
        const row = group === "waiting" ? null : rowOf(name, "pal-time-leaf", about);
        return { key: group === "rest" || group === "waiting" ? leaf : path, group, segment, row };
      });
      for (const group of ["collect", "update", "rest"]) {
        const own = this.parts.filter((part) => part.group === group);
        own.forEach((part, index) => {
          for (const node of [part.segment, part.row.node]) node.style.setProperty("--pal-shade", String(1 - (0.7 * index) / own.length));
          part.row.node.dataset.group = group;
        });
      }
      this.groups = GROUPS.map((group) => ({ group, name: nameOf(group), row: rowOf(nameOf(group), "pal-time-group", aboutOf(group)) }));
      this.words = h("span", { class: "pal-time-words" });
      const bar = h("span", { class: "pal-time-bar", "aria-hidden": "true" }, ...this.parts.map((part) => part.segment));
      const title = h("span", { class: "pal-time-title", text: pal.text("timing.title") });
      const columns = this.groups.map(({ group, row }) => {
        const leaves = this.parts.filter((part) => part.group === group && part.row);
        return h("dl", {}, row.node, ...leaves.map((part) => part.row.node));
      });
      const tree = h("div", { class: "pal-time-tree" }, ...columns);
      this.node = h("details", { class: "pal-time" }, h("summary", {}, title, bar, this.words), tree);
      this.node.hidden = true;
      this.node.open = opened;
      this.node.addEventListener("toggle", () => {
        opened = this.node.open;
        this.show(this.seconds);
      });
    }

    // seconds: {"collect/inference": 1.5, …} or null where nothing has been measured
    show(seconds) {
      this.seconds = seconds;
      const sums = {};
      let total = 0;
      for (const { key, group } of this.parts) {
        const spent = seconds?.[key] || 0;
        sums[group] = (sums[group] || 0) + spent;
        total += spent;
      }
      this.node.hidden = !(total > 0);
      if (this.node.hidden) return;
      for (const { key, segment, row } of this.parts) {
        const share = (seconds[key] || 0) / total;
        const width = `${Math.round(1000 * share) / 10}%`;
        if (segment.style.width !== width) segment.style.width = width;
        if (this.node.open && row) row.show(share, seconds[key] || 0);
      }
      const words = [];
      for (const { group, name, row } of this.groups) {
        const share = sums[group] / total;
        if (share >= 0.005) words.push(`${name.toLowerCase()} ${shareText(share)}`);
        if (this.node.open) row.show(share, sums[group]);
        if (group === "waiting") row.node.parentNode.hidden = !(sums[group] >= 0.05);
      }
      setText(this.words, words.join(" · "));
    }
  }

  function lowered(text) {
    return text[0].toLowerCase() + text.slice(1);
  }

  // What is there at all is never 0%.
  function shareText(share) {
    return share > 0 && share < 0.005 ? "<1%" : percent(Math.round(share * 100) / 100);
  }

  function rowOf(name, className, about) {
    const label = h("dt", { text: name });
    const shown = h("span", { class: "pal-time-share" });
    const spent = h("span", { class: "pal-time-spent" });
    setTip(label, about);
    const node = h("div", { class: className }, label, h("dd", {}, shown, spent));
    return {
      node,
      show(share, seconds) {
        setText(shown, shareText(share));
        setText(spent, seconds >= 10 ? duration(seconds) : seconds >= 0.05 ? `${pal.format.local(seconds.toFixed(1))} s` : "–");
      },
    };
  }

  pal.TimingView = TimingView;
})();
