// The Videos tab: recorded episodes, newest first, a page at a time as the reader scrolls.
//
// Always holds: posters load only near the screen; a filter that changed makes answers to the old one worthless.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const { count, value, duration, ago, exact } = pal.format;
  const PAGE = 60;
  const NEWS_PERIOD = 10000;

  class Gallery {
    constructor(root) {
      this.clips = [];
      this.tiles = new Map();
      this.cursor = null;
      this.filter = { run: "", q: "" };
      this.serial = 0; // counts filters; an answer to an older one is dropped
      this.visible = false;
      this.build(root);
      pal.watchVisible(root, (visible) => {
        this.visible = visible;
        if (visible) this.arrive();
      });
      pal.watchVisible(this.end, (near) => {
        this.near = near;
        if (near) this.more();
      }, "800px");
      pal.onState(() => this.news());
    }

    build(root) {
      this.choice = h("select", { class: "pal-input", "aria-label": pal.text("videos.run") }, h("option", { value: "", text: pal.text("videos.all_runs") }));
      this.choice.addEventListener("change", () => this.setFilter({ run: this.choice.value }));
      this.search = h("input", { class: "pal-input", type: "search", placeholder: pal.text("videos.search_hint"), "aria-label": pal.text("videos.search") });
      let pause = 0;
      this.search.addEventListener("input", () => {
        clearTimeout(pause);
        pause = setTimeout(() => this.setFilter({ q: this.search.value.trim() }), 250);
      });
      this.shown = h("span", { class: "pal-videos-count", "aria-live": "polite" });
      this.grid = h("div", { class: "pal-gallery" });
      this.moreButton = h("button", { class: "pal-button", type: "button", text: pal.text("videos.more"), hidden: true });
      this.moreButton.addEventListener("click", () => this.more());
      this.end = h("div", { class: "pal-videos-end" }, this.moreButton);
      this.empty = this.buildEmpty();
      this.none = h("div", { class: "pal-empty", hidden: true }, pal.icon("search"), h("h2", { text: pal.text("videos.no_match") }), this.clearButton());
      const bar = h("div", { class: "pal-toolbar" }, h("div", { class: "pal-filters" }, this.choice, this.search), this.shown);
      root.append(h("div", { class: "pal-videos" }, bar, this.empty, this.none, this.grid, this.end));
    }

    buildEmpty() {
      const go = h("button", { class: "pal-button pal-button-main", type: "button", text: pal.text("videos.start") });
      go.addEventListener("click", () => pal.selectTab("train"));
      go.hidden = !pal.hasTab("train");
      return h(
        "div",
        { class: "pal-empty", hidden: true },
        pal.icon("film"),
        h("h2", { text: pal.text("videos.empty_title") }),
        h("p", { text: pal.text("videos.empty") }),
        go,
      );
    }

    clearButton() {
      const button = h("button", { class: "pal-button", type: "button", text: pal.text("videos.show_all") });
      button.addEventListener("click", () => {
        this.search.value = "";
        this.setFilter({ run: "", q: "" });
      });
      return button;
    }

    // ---- what to show ---------------------------------------------------------------------------------------

    setFilter(change) {
      this.filter = { ...this.filter, ...change };
      this.choice.value = this.filter.run;
      this.serial += 1;
      this.busy = false;
      this.cursor = null;
      this.complete = false;
      this.load();
    }

    async arrive() {
      this.fillChoices();
      if (this.clips.length === 0 && !this.complete) this.load();
      else this.news(true);
    }

    // The runs to choose from: the newest ones, and the one chosen now.
    async fillChoices() {
      try {
        const { runs } = await pal.api.runs({ limit: 100 });
        const known = runs.map((run) => [run.id, `${pal.runs.title(run)} · ${pal.runs.facts(run)}`]);
        if (this.filter.run && !runs.some((run) => run.id === this.filter.run)) known.unshift([this.filter.run, this.filter.run]);
        const options = known.map(([id, text]) => h("option", { value: id, text }));
        this.choice.replaceChildren(h("option", { value: "", text: pal.text("videos.all_runs") }), ...options);
        this.choice.value = this.filter.run;
      } catch {
        // The list of runs is a convenience; the gallery works without it.
      }
    }

    query(extra) {
      return { run: this.filter.run, q: this.filter.q, limit: PAGE, ...extra };
    }

    // The first page of the present filter, in place of all that is shown.
    async load() {
      await this.fetch({}, (page) => {
        this.clips = page.videos;
        for (const [, tile] of this.tiles) tile.remove();
        this.tiles.clear();
        this.grid.append(...this.clips.map((clip) => this.tile(clip)));
        this.advance(page);
      });
    }

    async more() {
      if (!this.cursor || this.complete || !this.visible) return;
      await this.fetch({ cursor: this.cursor }, (page) => {
        const fresh = page.videos.filter((clip) => !this.tiles.has(clip.id));
        this.clips.push(...fresh);
        this.grid.append(...fresh.map((clip) => this.tile(clip)));
        this.advance(page);
      });
      if (this.near && !this.complete) setTimeout(() => this.near && this.more(), 50);
    }

    // Videos recorded since, put in front without moving what is being looked at.
    async news(now = false) {
      if (!this.visible || document.hidden || pal.state.online === false) return;
      if (!now && performance.now() - (this.newsAt || 0) < NEWS_PERIOD) return;
      this.newsAt = performance.now();
      await this.fetch({}, (page) => {
        const fresh = page.videos.filter((clip) => !this.tiles.has(clip.id));
        if (fresh.length === 0) return;
        if (fresh.length === page.videos.length && this.clips.length > 0 && page.cursor) {
          this.setFilter({}); // more is new than one page holds
          return;
        }
        this.clips.unshift(...fresh);
        this.grid.prepend(...fresh.map((clip) => this.tile(clip)));
        this.count();
      });
    }

    async fetch(extra, use) {
      if (this.busy) return;
      this.busy = true;
      const serial = this.serial;
      try {
        const page = await pal.api.videos(this.query(extra));
        pal.settled("list videos");
        if (serial === this.serial) use(page);
      } catch (error) {
        if (serial === this.serial && error.status > 0) pal.fail(error, pal.text("videos.failed"), "list videos");
      } finally {
        if (serial === this.serial) this.busy = false;
      }
    }

    advance(page) {
      this.cursor = page.cursor || null;
      this.complete = !page.cursor;
      this.newsAt = performance.now();
      this.count();
    }

    count() {
      const any = this.clips.length > 0;
      const filtered = this.filter.run || this.filter.q;
      this.empty.hidden = any || Boolean(filtered);
      this.none.hidden = any || !filtered;
      this.moreButton.hidden = this.complete;
      setText(this.shown, any ? pal.text(this.complete ? "videos.count" : "videos.count_more", { count: this.clips.length }) : "");
    }

    tile(clip) {
      const poster = h("img", { src: pal.api.url(clip.poster_url), alt: "", loading: "lazy", decoding: "async" });
      const name = clip.run_name || clip.run_id;
      const length = h("span", { class: "pal-tile-length", text: duration(clip.duration) });
      const play = h(
        "button",
        { class: "pal-tile-play", type: "button", "aria-label": pal.text("videos.play", { name, step: clip.step, value: value(clip.return) }) },
        poster,
        pal.icon("play"),
        length,
      );
      play.addEventListener("click", () => pal.player.open(this.clips, this.clips.indexOf(clip)));
      const run = h("button", { class: "pal-linkbutton pal-tile-run", type: "button", text: name });
      pal.setTip(run, pal.text("videos.only_run"));
      run.addEventListener("click", () => this.setFilter({ run: clip.run_id }));
      const when = h("span", { class: "pal-tile-when", text: ago(clip.created_at) });
      pal.setTip(when, exact(clip.created_at));
      const facts = h("div", { class: "pal-tile-facts" }, h("span", { text: pal.text("videos.step", { step: clip.step }) }), h("span", { class: "pal-tile-return", text: pal.text("videos.return", { value: value(clip.return) }) }));
      const node = h("article", { class: "pal-tile", data: { video: clip.id, run: clip.run_id } }, play, h("div", { class: "pal-tile-head" }, run, when), facts);
      this.tiles.set(clip.id, node);
      return node;
    }
  }

  let gallery = null;
  let early = "";
  pal.shortcut("/", () => gallery?.search.focus(), { tab: "videos", says: "shortcuts.search" });
  pal.island("videos", (root) => {
    gallery = new Gallery(root);
    if (early) gallery.setFilter({ run: early });
  });

  // Opens the Videos tab on one run's videos.
  pal.showVideosOf = (run) => {
    if (gallery) gallery.setFilter({ run: run.id });
    else early = run.id;
    pal.selectTab("videos");
  };
})();
