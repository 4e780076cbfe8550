// Marks on the charts of a run: what happened to it, at which step, as thin vertical lines with a sign at their head.
//
// Always holds: a mark stands where its step is, whatever the zoom; a zoom can be drawn from anywhere but a head;
// the keyboard reaches each mark once a card, on its first chart.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;

  class ChartMarks {
    // reachable: whether the keyboard stops at the marks of this chart
    constructor(chart, reachable) {
      this.chart = chart;
      this.reachable = reachable;
      this.node = h("div", { class: "pal-marks" });
      this.marks = [];
    }

    // [{step, text, icon}]; those of one step are told together.
    set(marks) {
      const bySteps = new Map();
      for (const mark of marks) bySteps.set(mark.step, [...(bySteps.get(mark.step) || []), mark]);
      this.marks = [...bySteps].map(([step, each]) => ({ step, node: this.build(step, each) }));
      this.node.replaceChildren(...this.marks.map((mark) => mark.node));
      this.place();
    }

    build(step, marks) {
      const text = pal.text("marks.step", { step, text: marks.map((mark) => mark.text).join("; ") });
      const props = this.reachable ? { type: "button", "aria-label": text } : { "aria-hidden": "true" };
      const head = h(this.reachable ? "button" : "span", { class: "pal-mark-head", ...props }, pal.icon(marks[0].icon));
      pal.setTip(head, text);
      return h("div", { class: "pal-mark", data: { step } }, head);
    }

    // Called after every drawing.
    place() {
      for (const { step, node } of this.marks) {
        const x = this.chart.pixelOf(step);
        node.hidden = x === null;
        if (x !== null) node.style.transform = `translateX(${Math.round(x)}px)`;
      }
    }
  }

  pal.ChartMarks = ChartMarks;
})();
