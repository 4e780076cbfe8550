// Export: the policy as a file for other programs, with proof of equal actions; and the model card folder.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const { count, spread, bytes, ago, exact } = pal.format;
  const FORMATS = [["onnx", "ONNX"], ["torchscript", "TorchScript"]];

  // What was exported, of one or more formats.
  class Exported extends pal.ToolPanel {
    refresh() {
      this.load(pal.api.exports, ({ exports: found }) => {
        const mine = found.filter((each) => this.formats.includes(each.format));
        const none = h("p", { class: "pal-tool-none", text: pal.text("tools.no_export") });
        this.results.replaceChildren(...(mine.length ? mine.map((each) => this.entry(each)) : [none]));
      });
    }

    entry(exported) {
      const when = h("span", { class: "pal-tool-when", text: ago(exported.time) });
      pal.setTip(when, exact(exported.time));
      const title = h("strong", { text: `${this.titleOf(exported)} · ${pal.text("tools.at_step", { step: count(exported.step) })}` });
      return h("div", { class: "pal-tool-entry" }, h("div", { class: "pal-tool-entry-head" }, title, when), ...this.about(exported), files(exported));
    }
  }

  class Export extends Exported {
    constructor(tools) {
      super(tools, { name: "export", kinds: ["export"], icon: "download" });
      this.formats = FORMATS.map(([name]) => name);
      const choice = h("select", { class: "pal-input" }, ...FORMATS.map(([name, text]) => h("option", { value: name, text })));
      this.format = this.field(pal.text("tools.format"), choice);
      this.format.addEventListener("change", () => this.tellMissing());
      this.command = h("code", { class: "pal-tool-code" });
      this.why = h("p", { class: "pal-tool-note" });
      const command = h("div", { class: "pal-tool-missing" }, this.command, pal.copyButton(() => this.command.textContent, pal.text("tools.copy_command")));
      this.missing = h("div", { class: "pal-tool-lacking", role: "status", hidden: true }, this.why, command);
      this.form.append(this.missing);
    }

    get named() {
      return { format: this.format };
    }

    read() {
      return { kind: "export", run: this.run.id, checkpoint: this.tools.checkpoint, format: this.format.value };
    }

    news(jobs, formats) {
      super.news(jobs);
      this.needs = formats;
      this.tellMissing();
    }

    tellMissing() {
      const missing = this.needs?.[this.format.value];
      setText(this.why, missing ? `${pal.said(missing.message)} ${pal.text("tools.install")}` : "");
      setText(this.command, missing?.command ?? "");
      this.missing.hidden = !missing;
      this.gate();
    }

    get hindered() {
      return super.hindered || Boolean(this.needs?.[this.format.value]);
    }

    titleOf(exported) {
      return FORMATS.find(([name]) => name === exported.format)[1];
    }

    about(exported) {
      const { check } = exported;
      const words = check.equal
        ? pal.text("tools.equal", { count: check.observations })
        : pal.text("tools.different", { different: check.different, count: check.observations });
      const verdict = h("p", { class: "pal-tool-verdict", data: { equal: String(check.equal) } }, pal.sign(check.equal ? "completed" : "failed", { wordless: true }), h("span", { text: words }));
      const port = ({ name, shape, dtype, about }) => h("li", {}, h("code", { text: name }), h("span", { text: ` ${dtype} [${shape.join(", ")}]` }), about ? h("span", { class: "pal-tool-note", text: ` ${pal.said(about)}` }) : null);
      const list = (title, ports) => [h("h3", { text: title }), h("ul", { class: "pal-tool-ports" }, ...ports.map(port))];
      const inside = h("details", { class: "pal-tool-more" }, h("summary", { text: pal.text("tools.ports") }), ...list(pal.text("tools.inputs"), exported.inputs), ...list(pal.text("tools.outputs"), exported.outputs));
      return [verdict, inside];
    }
  }

  class Card extends Exported {
    constructor(tools) {
      super(tools, { name: "card", kinds: ["card"], icon: "table" });
      this.formats = ["card"];
      this.episodes = this.number(pal.text("tools.card_episodes"), 10, pal.text("tools.card_episodes_tip"));
    }

    get named() {
      return { episodes: this.episodes };
    }

    read() {
      return { kind: "card", run: this.run.id, checkpoint: this.tools.checkpoint, episodes: pal.readNumber(this.episodes.value, { whole: true }) };
    }

    titleOf() {
      return pal.text("tools.card");
    }

    about(exported) {
      const command = h("code", { class: "pal-tool-code", text: exported.upload });
      return [
        h("p", { class: "pal-tool-note", text: pal.text("tools.card_result", { result: spread(exported.mean, exported.std) }) }),
        h("p", { class: "pal-tool-note", text: pal.text("tools.upload_about") }),
        h("div", { class: "pal-tool-missing" }, command, pal.copyButton(() => exported.upload, pal.text("tools.copy_command"))),
      ];
    }
  }

  function files(exported) {
    const link = (file) =>
      h("li", {}, h("a", { href: pal.api.url(file.url), download: file.name, text: file.name }), h("span", { class: "pal-tool-note", text: ` ${bytes(file.size_bytes)}` }));
    return h("ul", { class: "pal-tool-files" }, ...exported.files.map(link));
  }

  pal.toolPanel(2, (tools) => new Export(tools));
  pal.toolPanel(3, (tools) => new Card(tools));
})();
