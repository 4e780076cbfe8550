// A dialog that plays recorded episodes: Escape closes it, arrow keys go to the newer and the older video.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const { count, value, duration, exact } = pal.format;

  pal.shortcut("← →", null, { tab: "videos", says: "shortcuts.neighbours" });

  // clips: videos of the API in the order shown; the array may grow while the dialog is open.
  function open(clips, start) {
    let clip = clips[start];
    const video = h("video", { controls: true, autoplay: true, playsinline: true, loop: true, class: "pal-player-video" });
    const facts = h("div", { class: "pal-player-facts" });
    const save = h("a", { class: "pal-button", text: pal.text("player.download") });
    const newer = pal.toolButton("left", pal.text("player.newer"), () => move(-1));
    const older = pal.toolButton("right", pal.text("player.older"), () => move(1));
    const foot = h("div", { class: "pal-player-foot" }, newer, older, facts, save);
    const broken = h("div", { class: "pal-player-broken", role: "alert", hidden: true });
    const box = pal.dialog(pal.text("player.title"), h("div", { class: "pal-player" }, video, broken, foot), {
      className: "pal-dialog-player",
      onClose: () => {
        video.pause();
        video.removeAttribute("src");
        video.load(); // gives the connection back
      },
    });
    const title = box.querySelector("h2");

    function show() {
      const index = clips.indexOf(clip); // newer videos may have come in front meanwhile
      broken.hidden = true;
      video.hidden = false;
      video.poster = pal.api.url(clip.poster_url);
      video.src = pal.api.url(clip.url);
      save.href = video.src;
      save.download = `${clip.run_name || clip.run_id}-step-${clip.step}.mp4`.replace(/[^\w.-]+/g, "_");
      setText(title, clip.run_name || clip.run_id);
      box.setAttribute("aria-label", pal.text("player.label", { run: clip.run_name || clip.run_id, step: clip.step }));
      const parts = [
        pal.text("player.step", { step: clip.step }),
        pal.text("player.return", { value: value(clip.return) }),
        pal.text("player.length", { count: clip.length }),
        duration(clip.duration),
        exact(clip.created_at),
      ];
      setText(facts, parts.join(" · "));
      newer.hidden = older.hidden = clips.length < 2;
      pal.setAttr(newer, "aria-disabled", index === 0 ? "true" : null);
      pal.setAttr(older, "aria-disabled", index >= clips.length - 1 ? "true" : null);
    }

    function move(by) {
      const next = clips[clips.indexOf(clip) + by];
      if (!next) return;
      clip = next;
      show();
    }

    video.addEventListener("error", () => {
      if (!video.getAttribute("src")) return;
      video.hidden = true;
      broken.hidden = false;
      setText(broken, pal.text("player.broken"));
    });
    box.addEventListener("keydown", (event) => {
      if (event.target === video) return; // the video's own keys seek
      if (event.key === "ArrowLeft") move(-1);
      else if (event.key === "ArrowRight") move(1);
    });
    show();
  }

  pal.player = { open };
})();
