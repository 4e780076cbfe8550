// The Train tab: puts form, configuration bar and action bar together and has the server look over every change.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h } = pal;
  const REVIEW_DELAY = 200; // ms after the last change
  const SLOW = 300; // ms after which a review says that it is under way: some environments take a second to make
  const AGAIN = 2000; // ms after which a review that got no answer is asked for again

  // ask(name, request) -> the answer of the function of that name in ui/train_tab.py; refusals become ApiErrors.
  function asking(server) {
    return async (name, request = {}) => {
      let reply;
      try {
        reply = await server[name](request);
      } catch (error) {
        throw new pal.ApiError(pal.text("form.not_answered", { reason: error?.message || error }));
      }
      // Gradio answers nothing at all when the request was lost or refused.
      if (!reply) throw new pal.ApiError(pal.state.signedOut ? pal.text("form.signed_out") : pal.text("form.no_answer"));
      if (reply.error) throw new pal.ApiError(pal.said(reply.error.message), { ...reply.error, status: 422 });
      return reply.answer;
    };
  }

  // Always holds: an answer to values that are no longer there, or to an earlier question, changes nothing; nothing is
  // asked while nobody looks at the form, and everything once somebody does: what was in the way may be gone.
  class Reviewer {
    constructor(model, ask) {
      Object.assign(this, { model, ask, timer: 0, reviewed: null, asked: null, shown: true });
      model.on("values", () => this.soon());
      document.addEventListener("visibilitychange", () => this.look());
    }

    get seen() {
      return this.shown && !document.hidden;
    }

    show(shown) {
      this.shown = shown;
      this.look();
    }

    look() {
      if (!this.seen) clearTimeout(this.timer);
      else if (!this.asked) this.soon();
    }

    // Whether the faults shown are those of the values as they are now.
    get current() {
      return this.reviewed === this.model.revision;
    }

    // Whether what is known holds for the values as they are now; asks the server if it may not, or if told to.
    async catchUp(anew) {
      return (this.current && !anew) || this.review();
    }

    soon(delay = REVIEW_DELAY) {
      clearTimeout(this.timer);
      if (this.seen) this.timer = setTimeout(() => this.review(), delay);
    }

    // Returns whether the server has answered for the values as they are now.
    async review() {
      clearTimeout(this.timer);
      const { revision } = this.model;
      const asked = (this.asked = {});
      const isOld = () => asked !== this.asked || revision !== this.model.revision;
      const slow = setTimeout(() => this.model.emit("reviewing"), SLOW);
      try {
        const answer = await this.ask("review", { filled: this.model.filled() });
        if (isOld()) return false;
        this.reviewed = revision;
        this.model.setFaults(answer.faults, answer.advice);
        this.model.emit("review", answer);
        return true;
      } catch (error) {
        if (isOld()) return false;
        this.reviewed = null;
        this.model.emit("unreviewed", error);
        if (!error.status) this.soon(AGAIN); // a refusal would be the same again
        return false;
      } finally {
        clearTimeout(slow);
        if (asked === this.asked) this.asked = null;
      }
    }
  }

  pal.island("train", async (node) => {
    const ask = asking(node.server);
    const model = new pal.FormModel(pal.saidForm(node.description));
    const view = new pal.FormView(model, ask);
    const config = new pal.ConfigBar(model, view, ask);
    const search = new pal.FormSearch(view, model);
    const reviewer = new Reviewer(model, ask);
    new pal.LengthChoice(model, view);
    const panel = new pal.ChecksPanel(model, view);
    const actions = new pal.ActionBar(model, view, reviewer, ask, panel);
    const head = h("div", { class: "pal-train-head" }, config.node, search.node);
    pal.onlyWhileShown(node, h("div", { class: "pal-train" }, head, search.others, view.root, actions.node));
    const restored = model.restoreDraft();
    const before = model.copy();
    for (let tries = 0; ; tries += 1) {
      try {
        const { presets, form } = await ask("opening");
        config.listed(presets);
        if (!restored) model.begin(form, before);
        pal.settled("opening");
        break;
      } catch (error) {
        if (tries === 0) pal.fail(error, pal.text("form.presets_unread"), "opening");
        await new Promise((done) => setTimeout(done, 2000));
      }
    }
    reviewer.review();
    pal.watchVisible(node, (shown) => reviewer.show(shown));
    pal.formPlaces(model, view, config, search);
    node.dataset.ready = "true";
    pal.train = { model, config, reviewer, ask };
  });
})();
