// The signs of Palaestra: one shape, one colour and one word for each state, and a few icons drawn on the same grid.
//
// Every drawing is ours, on a square of 16, with lines of 1.5. A state is never told by colour alone.
"use strict";

(() => {
  const pal = window.palaestra;
  const SVG = "http://www.w3.org/2000/svg";

  // [element, attributes]; "fill" shapes carry solid: true, all others are lines.
  const circle = (r, extra = {}) => ["circle", { cx: 8, cy: 8, r, ...extra }];
  const path = (d, extra = {}) => ["path", { d, ...extra }];
  const rect = (x, y, width, height, extra = {}) => ["rect", { x, y, width, height, ...extra }];
  const solid = { solid: true };

  const ICONS = {
    play: [path("M5 3.2v9.6L13 8z", solid)],
    resume: [path("M6.5 3.2v9.6L14 8z", solid), rect(2.5, 3.2, 2, 9.6, { ...solid, rx: 0.5 })],
    pause: [rect(4, 3, 2.8, 10, { ...solid, rx: 0.6 }), rect(9.2, 3, 2.8, 10, { ...solid, rx: 0.6 })],
    edit: [path("M3 13l.7-3.2 7-7a1 1 0 0 1 1.4 0l1.1 1.1a1 1 0 0 1 0 1.4l-7 7zM9.2 4.3l2.5 2.5")],
    extend: [path("M2.5 4v8M5 8h8.5M10.5 5l3 3-3 3")],
    fork: [circle(1.8, { cx: 4.5, cy: 3.6 }), circle(1.8, { cx: 4.5, cy: 12.4 }), circle(1.8, { cx: 11.5, cy: 5 }), path("M4.5 5.4v5.2M4.6 10c0-2.4 6.9-.8 6.9-3.2")],
    restart: [path("M12.9 6.2A5.2 5.2 0 1 0 13.2 9M13.2 2.8v3.6H9.6")],
    stop: [rect(3.5, 3.5, 9, 9, { ...solid, rx: 1 })],
    check: [path("M2.8 8.6l3.4 3.4 7-8")],
    close: [path("M4 4l8 8M12 4l-8 8")],
    book: [path("M8 4.2C6.6 3.2 4.8 3 2.5 3v9.5c2.3 0 4.1.2 5.5 1.2 1.4-1 3.2-1.2 5.5-1.2V3c-2.3 0-4.1.2-5.5 1.2zM8 4.2v9.3")],
    search: [circle(4.2, { cx: 7, cy: 7 }), path("M10.2 10.2L14 14")],
    copy: [rect(5.5, 5.5, 8, 8, { rx: 1.2 }), path("M10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2")],
    download: [path("M8 2.5v7.5M4.8 7L8 10.2 11.2 7M3 13.5h10")],
    follow: [path("M8 2.5v9M4.2 7.8L8 11.6l3.8-3.8M3 14h10")],
    table: [rect(2.5, 3, 11, 10, { rx: 1 }), path("M2.5 6.5h11M2.5 9.8h11M6.5 6.5V13")],
    film: [rect(2, 3, 12, 10, { rx: 1.2 }), path("M5 3v10M11 3v10M2 8h3M11 8h3")],
    chart: [path("M2.5 2.5v11h11M5 10.5l2.8-3.6 2.2 2 3.2-4.4")],
    up: [path("M3 10l5-5 5 5")],
    down: [path("M3 6l5 5 5-5")],
    left: [path("M10 3L5 8l5 5")],
    right: [path("M6 3l5 5-5 5")],
    zoomout: [path("M3 6V3h3M13 6V3h-3M3 10v3h3M13 10v3h-3")],
    diamond: [path("M8 3.5L12.5 8 8 12.5 3.5 8z")],
    keyboard: [rect(1.8, 4, 12.4, 8, { rx: 1.2 }), path("M4.5 6.6h.01M7 6.6h.01M9.5 6.6h.01M11.8 6.6h.01M5 9.4h6")],
    queue: [path("M2.5 4h9M2.5 8h6M2.5 12h6M12 9v6M9 12h6")],
    terminal: [rect(2, 3, 12, 10, { rx: 1.2 }), path("M4.8 6.2L6.8 8l-2 1.8M8.6 10h2.8")],
    bin: [path("M3 4.5h10M6.2 4.5v-2h3.6v2M4.4 4.5l.6 9h6l.6-9M6.8 7v4M9.2 7v4")],
    tools: [path("M13.4 4.6a3.4 3.4 0 0 1-4.5 4.3L4.6 13.2a1.3 1.3 0 0 1-1.8-1.8l4.3-4.3a3.4 3.4 0 0 1 4.3-4.5L9.4 4.6l2 2z")],
    warn: [path("M8 2.4L14.4 13.4H1.6zM8 6.6v3.2M8 11.6v.01")],
  };

  // "-ing" states are outlines of the state they lead to.
  const STATES = {
    queued: { shape: [circle(5)] },
    starting: { shape: [circle(5), path("M8 3a5 5 0 0 1 0 10z", solid)] },
    running: { shape: [circle(5.2, solid)] },
    paused: { shape: ICONS.pause },
    stopping: { shape: [rect(3.5, 3.5, 9, 9, { rx: 1 })] },
    stopped: { shape: ICONS.stop },
    completed: { shape: [path("M2.8 8.6l3.4 3.4 7-8", { thick: true })] },
    failed: { shape: [path("M4 4l8 8M12 4l-8 8", { thick: true })] },
    interrupted: {
      shape: [path("M12.6 5.6A5.2 5.2 0 0 0 3.2 6.2M3.4 10.4a5.2 5.2 0 0 0 9.4-.6", { thick: true })],
    },
  };

  const LIVE = ["starting", "running", "paused", "stopping"];
  const ENDED = ["stopped", "completed", "failed", "interrupted"];

  function draw(shapes, className) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("class", className);
    svg.setAttribute("aria-hidden", "true");
    for (const [tag, { solid: filled, thick, ...attributes }] of shapes) {
      const shape = document.createElementNS(SVG, tag);
      for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
      shape.setAttribute("fill", filled ? "currentColor" : "none");
      if (!filled) {
        shape.setAttribute("stroke", "currentColor");
        shape.setAttribute("stroke-width", thick ? "2.4" : "1.5");
        shape.setAttribute("stroke-linecap", "round");
        shape.setAttribute("stroke-linejoin", "round");
      }
      svg.append(shape);
    }
    return svg;
  }

  function icon(name) {
    return draw(ICONS[name], "pal-icon");
  }

  // The word of a state in the reader's language.
  function statusWord(status) {
    return STATES[status] ? pal.text(`status.${status}`) : status;
  }

  // The sign of a state: coloured shape and its word. `sign.show(status, word)` changes both; word may be "pausing…".
  function sign(status, { wordless = false } = {}) {
    const shape = pal.h("span", { class: "pal-sign-shape" });
    const word = pal.h("span", { class: wordless ? "pal-sr-only" : "pal-sign-word" });
    const node = pal.h("span", { class: "pal-sign" }, shape, word);
    node.show = (next, nextWord) => {
      const known = STATES[next] || STATES.queued;
      if (node.dataset.status !== next) {
        node.dataset.status = next;
        shape.replaceChildren(draw(known.shape, "pal-icon"));
      }
      pal.setText(word, nextWord || statusWord(next));
    };
    node.show(status);
    return node;
  }

  // A small piece of a chart's line, for its legend.
  function swatch(dash, width, colour) {
    if (dash === "diamond") return draw(ICONS.diamond, "pal-swatch");
    const svg = draw([["line", { x1: 0, y1: 8, x2: 16, y2: 8 }]], "pal-swatch");
    svg.firstChild.setAttribute("stroke-width", String(width));
    svg.firstChild.setAttribute("stroke-linecap", "butt");
    if (colour) svg.style.color = colour;
    if (dash) svg.firstChild.setAttribute("stroke-dasharray", dash);
    return svg;
  }

  Object.assign(pal, { icon, sign, statusWord, swatch, states: { all: STATES, live: LIVE, ended: ENDED } });
})();
