// Keeps a page that shows nothing new from drawing.
//
// Gradio's loading indicator counts its seconds with a chain of animation frames. When the page has loaded, the
// indicator is taken down while it still counts, and the chain goes on for as long as the page is open: sixty frames
// a second, each of which the browser lays out and composes, for a number that nobody sees.
//
// Each link of the chain asks for the time and then, at once, for the next frame. Numbers of frames are given out in
// order (HTML standard, "animation frame callback identifier"), so whoever is asked for the time knows which one the
// next frame will have, and can take it back.
"use strict";

(() => {
  const pal = window.palaestra;
  const INDICATOR = "/assets/statustracker-";
  const PATIENCE = 5000; // ms; a Gradio that stops counting by itself never asks

  // Called once, when Gradio's page stands.
  function stopIdleFrames() {
    const now = performance.now;
    const restore = () => delete performance.now;
    performance.now = function asked() {
      if (new Error().stack.includes(INDICATOR)) {
        restore();
        const frame = requestAnimationFrame(() => {});
        cancelAnimationFrame(frame);
        queueMicrotask(() => cancelAnimationFrame(frame + 1));
      }
      return now.call(performance);
    };
    setTimeout(restore, PATIENCE);
  }

  pal.stopIdleFrames = stopIdleFrames;
})();
