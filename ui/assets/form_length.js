// How long a run is: so many steps, or so much time. One of the two fields counts, the other steps back.
//
// Always holds: a duration that says nothing means steps, as in a configuration; what was typed into either is kept.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const STEPS = "training.total_timesteps";
  const TIME = "training.duration_seconds";
  const FIRST = "2 h"; // what choosing time begins with

  class LengthChoice {
    // view: the FormView, of which the two fields get a button each
    constructor(model, view) {
      Object.assign(this, { model, steps: view.fields.get(STEPS), time: view.fields.get(TIME), last: FIRST });
      this.bySteps = this.choice(this.steps, "check.length.steps");
      this.byTime = this.choice(this.time, "check.length.time");
      this.note = h("p", { class: "pal-length-note", id: "length-note", "aria-live": "polite", hidden: true });
      this.bySteps.addEventListener("click", () => this.model.set(TIME, ""));
      this.byTime.addEventListener("click", () => {
        if (!this.timed) this.model.set(TIME, this.last);
        this.time.input.focus();
        this.time.input.select();
      });
      // Whoever is led to steps that do not count comes to what makes them count.
      this.steps.control.chosen = () => (this.timed ? this.bySteps : null);
      model.on("values", () => this.show());
      model.on("review", ({ estimates }) => this.tell(estimates?.time));
      this.show();
    }

    choice(made, key) {
      const node = h("button", { type: "button", class: "pal-length", "aria-label": pal.text(key), data: { tip: pal.text(key) } });
      made.node.querySelector(".pal-field-head").prepend(node);
      made.node.classList.add("pal-has-length");
      return node;
    }

    show() {
      const value = this.model.values[TIME];
      const timed = value !== "" && value !== null && value !== undefined;
      if (timed && pal.readDuration(value) !== null) this.last = value;
      this.byTime.setAttribute("aria-pressed", String(timed));
      this.bySteps.setAttribute("aria-pressed", String(!timed));
      this.steps.input.readOnly = timed; // and not disabled: it still has a value to read, and takes the focus
      this.steps.node.classList.toggle("pal-idle", timed);
      this.time.node.classList.toggle("pal-idle", !timed);
      (timed ? this.time : this.steps).node.append(this.note);
      if (this.timed !== timed) this.note.hidden = true;
      this.timed = timed;
    }

    // What the other measure of the length comes to, once the server has said how fast it will be.
    tell(time) {
      const known = time && time.steps_per_second !== null;
      this.note.hidden = !known;
      if (!known) return;
      const speed = pal.format.count(Math.round(time.steps_per_second));
      const rough = time.basis === "rough" ? "rough" : "about";
      const steps = pal.format.count(Number(Number(time.steps).toPrecision(2)));
      const words = this.timed ? pal.text(`check.length.${rough}_steps`, { steps, speed }) : pal.text(`check.length.${rough}_time`, { time: pal.roughDuration(time.seconds), speed });
      setText(this.note, words);
    }
  }

  pal.LengthChoice = LengthChoice;
})();
