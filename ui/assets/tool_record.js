// Record: episodes of a checkpoint as videos, which then stand among all others in Videos.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;
  const { count, value, ago } = pal.format;
  const SHOWN = 3;

  class Record extends pal.ToolPanel {
    constructor(tools) {
      super(tools, { name: "render", kinds: ["render"], icon: "film" });
      this.episodes = this.number(pal.text("tools.episodes"), 1);
      this.seed = this.number(pal.text("tools.seed_one"), 0, pal.text("tools.seeds_tip"));
      this.deterministic = this.check(pal.text("tools.deterministic"), true, pal.text("tools.deterministic_tip"));
    }

    get named() {
      return { episodes: this.episodes, seed: this.seed };
    }

    read() {
      return {
        kind: "render",
        run: this.run.id,
        checkpoint: this.tools.checkpoint,
        episodes: pal.readNumber(this.episodes.value, { whole: true }),
        seed: pal.readNumber(this.seed.value, { whole: true }),
        deterministic: this.deterministic.checked,
      };
    }

    refresh() {
      this.load((run) => pal.api.videos({ run, limit: SHOWN }), ({ videos }) => {
        const none = h("p", { class: "pal-tool-none", text: pal.text("tools.no_video") });
        if (!videos.length) return this.results.replaceChildren(none);
        const all = h("button", { class: "pal-linkbutton", type: "button", text: pal.text("tools.all_videos") });
        all.addEventListener("click", () => pal.showVideosOf?.(this.run));
        return this.results.replaceChildren(h("div", { class: "pal-tool-clips" }, ...videos.map((clip) => this.clip(videos, clip))), all);
      });
    }

    // The store hears of a video a moment after the task has ended.
    finished() {
      this.refresh();
      setTimeout(() => this.refresh(), 700);
    }

    clip(videos, clip) {
      const play = h(
        "button",
        { class: "pal-tool-clip", type: "button", "aria-label": pal.text("tools.play", { step: count(clip.step), value: value(clip.return) }) },
        h("img", { src: pal.api.url(clip.poster_url), alt: "", loading: "lazy" }),
        h("span", { class: "pal-tool-note", text: `${pal.text("tools.return", { value: value(clip.return) })} · ${ago(clip.created_at)}` }),
      );
      play.addEventListener("click", () => pal.player.open(videos, videos.indexOf(clip)));
      return play;
    }
  }

  pal.toolPanel(4, (tools) => new Record(tools));
})();
