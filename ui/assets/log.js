// The end of a run's log: follows new lines, searches, copies, downloads.
//
// Always holds: at most KEPT lines are in the page; lines are fetched once each, by cursor.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;
  const FIRST = 200;
  const KEPT = 2000;
  const PAGE = 2000;
  const MOST = 500000; // lines in one download

  class LogTail {
    constructor(run) {
      this.run = run;
      this.cursor = null; // null: nothing fetched yet
      this.lines = [];
      this.following = true;
      this.wanted = "";
      this.busy = false;
      this.node = this.build();
    }

    build() {
      this.search = h("input", { type: "search", class: "pal-input", placeholder: pal.text("log.search"), "aria-label": pal.text("log.search") });
      this.search.addEventListener("input", () => this.filter(this.search.value));
      this.followButton = pal.toolButton("follow", pal.text("log.follow"), () => this.follow(!this.following));
      const copy = pal.copyButton(() => this.text(), pal.text("log.copy"));
      const save = pal.toolButton("download", pal.text("log.download"), () => this.download());
      this.found = h("span", { class: "pal-log-found", "aria-live": "polite" });
      this.list = h("div", { class: "pal-log-lines", tabindex: "0", role: "log", "aria-label": pal.text("log.log") });
      this.list.addEventListener("scroll", () => this.scrolled(), { passive: true });
      this.empty = h("div", { class: "pal-log-empty", text: pal.text("log.empty") });
      this.follow(true);
      const tools = h("div", { class: "pal-log-tools" }, this.search, this.found, this.followButton, copy, save);
      return h("section", { class: "pal-log", "aria-label": pal.text("log.log") }, tools, h("div", { class: "pal-log-box" }, this.empty, this.list));
    }

    // Fetches what was written since the last time.
    async refresh() {
      this.busy = true;
      try {
        const first = this.cursor === null;
        const page = await pal.api.logs(this.run.id, first ? { tail: FIRST } : { after: this.cursor, limit: PAGE });
        this.take(page);
      } finally {
        this.busy = false;
      }
    }

    // Adds what was written after `cursor`.
    take(page) {
      this.cursor = page.cursor;
      if (page.lines.length > 0) this.add(page.lines);
    }

    add(lines) {
      const nodes = lines.map((line) => this.row(line));
      this.lines.push(...lines);
      this.list.append(...nodes);
      const extra = this.lines.length - KEPT;
      if (extra > 0) {
        this.lines.splice(0, extra);
        for (let i = 0; i < extra; i += 1) this.list.firstChild.remove();
      }
      this.empty.hidden = true;
      if (this.wanted) this.count();
      if (this.following) this.toEnd();
    }

    row(line) {
      const node = h(
        "div",
        { class: "pal-log-line", data: { level: line.level || "info" } },
        h("time", { text: pal.format.clock(line.time) }),
        h("span", { text: pal.said(line.text) }),
      );
      node.hidden = !this.matches(line);
      return node;
    }

    matches(line) {
      return !this.wanted || `${line.text} ${pal.said(line.text)}`.toLowerCase().includes(this.wanted);
    }

    filter(text) {
      this.wanted = text.trim().toLowerCase();
      [...this.list.children].forEach((node, index) => (node.hidden = !this.matches(this.lines[index])));
      this.count();
      if (this.following) this.toEnd();
    }

    count() {
      const hits = this.wanted ? this.lines.filter((line) => this.matches(line)).length : 0;
      pal.setText(this.found, this.wanted ? pal.text("log.found", { count: hits }) : "");
    }

    follow(on) {
      this.following = on;
      this.followButton.setAttribute("aria-pressed", String(on));
      if (on && this.list) this.toEnd();
    }

    toEnd() {
      this.list.scrollTop = this.list.scrollHeight;
    }

    // Whoever scrolls up wants to read; whoever comes back to the end wants to follow.
    scrolled() {
      const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 24;
      if (atEnd !== this.following) this.follow(atEnd);
    }

    text() {
      return this.lines.filter((line) => this.matches(line)).map(asText).join("\n");
    }

    async download() {
      try {
        const parts = [];
        let after = 0;
        while (parts.length < MOST) {
          const page = await pal.api.logs(this.run.id, { after, limit: PAGE });
          for (const line of page.lines) parts.push(`${asText(line)}\n`);
          if (page.lines.length === 0 || !(page.cursor > after)) break;
          after = page.cursor;
        }
        save(`${this.run.id}.log.txt`, new Blob(parts, { type: "text/plain" }));
        pal.settled(`log ${this.run.id}`);
      } catch (error) {
        pal.fail(error, pal.text("log.failed"), `log ${this.run.id}`);
      }
    }
  }

  function asText(line) {
    const moment = pal.format.date(line.time);
    return `${moment ? moment.toISOString() : ""} ${(line.level || "info").toUpperCase().padEnd(7)} ${line.text}`;
  }

  function save(name, blob) {
    const link = h("a", { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  pal.LogTail = LogTail;
})();
