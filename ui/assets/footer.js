// The status bar: load of the machine, counts of runs, version; the one place that says when the server is gone.
"use strict";

(() => {
  const pal = window.palaestra;
  const { h, setText } = pal;
  const { bytes, share, ago } = pal.format;
  const COUNTED = ["running", "paused", "queued", "starting", "stopping"];

  function meter(name, tip) {
    const value = h("span", { class: "pal-meter-value" });
    const node = h("span", { class: "pal-meter", data: { meter: name } }, h("span", { class: "pal-meter-name" }), value);
    node.firstChild.textContent = name;
    pal.setTip(node, tip);
    node.show = (text) => setText(value, text);
    return node;
  }

  // GPUs come and go with drivers, so their meters are matched by index.
  function gpuMeters(parent) {
    const meters = new Map();
    return (gpus) => {
      for (const gpu of gpus) {
        const name = gpus.length > 1 ? `GPU ${gpu.index}` : "GPU";
        if (!meters.has(gpu.index)) meters.set(gpu.index, parent.appendChild(meter(name, gpu.name)));
        const parts = [
          pal.format.known(gpu.utilization) ? `${Math.round(gpu.utilization)}%` : null,
          pal.format.known(gpu.memory_total) ? share(gpu.memory_used, gpu.memory_total) : null,
          pal.format.known(gpu.temperature) ? `${Math.round(gpu.temperature)} °C` : null,
        ];
        meters.get(gpu.index).show(parts.filter(Boolean).join("  "));
      }
      for (const [index, node] of meters) {
        if (gpus.some((gpu) => gpu.index === index)) continue;
        node.remove();
        meters.delete(index);
      }
    };
  }

  function runCounts() {
    const node = h("button", { class: "pal-counts", type: "button", "aria-label": pal.text("footer.runs") });
    node.addEventListener("click", () => pal.selectTab("monitor"));
    const parts = new Map();
    for (const status of COUNTED) {
      const number = h("span");
      const part = h("span", { class: "pal-count", data: { status } }, pal.sign(status, { wordless: true }), number);
      parts.set(status, { part, number });
      node.append(part);
    }
    const idle = h("span", { class: "pal-count", text: pal.text("footer.no_runs") });
    node.append(idle);
    node.show = (counts) => {
      let any = false;
      for (const [status, { part, number }] of parts) {
        const amount = counts[status] || 0;
        part.hidden = amount === 0;
        any ||= amount > 0;
        setText(number, pal.text(`footer.count.${status}`, { count: amount }));
      }
      idle.hidden = any;
    };
    return node;
  }

  function trouble() {
    const text = h("span");
    const reload = h("button", { class: "pal-linkbutton", type: "button", text: pal.text("footer.sign_in") });
    reload.addEventListener("click", () => location.reload());
    const node = h("div", { class: "pal-trouble", role: "status", "aria-live": "polite" }, pal.icon("warn"), text, reload);
    let spoken = "";
    node.show = (state) => {
      const gone = state.online === false;
      node.hidden = !gone && state.data?.store?.ok !== false;
      reload.hidden = !state.signedOut;
      const seen = state.lastSeen ? pal.text("footer.last_heard", { ago: ago(state.lastSeen / 1000) }) : "";
      let message = "";
      if (state.signedOut) message = pal.text("footer.signed_out");
      else if (gone) message = [pal.text("footer.no_answer"), seen, pal.text("footer.trying")].filter(Boolean).join(" ");
      else if (state.data?.store?.ok === false) message = pal.said(state.data.store.message) || pal.text("footer.store");
      if (message !== spoken) setText(text, (spoken = message));
    };
    return node;
  }

  // Gradio's page says who signed in; without a login there is nothing to leave.
  function signOut() {
    if (!window.gradio_config?.username) return null;
    const link = h("a", { class: "pal-linkbutton pal-signout", href: pal.api.url("logout"), text: pal.text("footer.sign_out") });
    pal.setTip(link, pal.text("footer.sign_out_tip"));
    return link;
  }

  function build(root) {
    const cpu = meter("CPU", pal.text("footer.cpu_tip"));
    const ram = meter("RAM", pal.text("footer.ram_tip"));
    const gpus = h("span", { class: "pal-gpus" });
    const disk = meter(pal.text("footer.disk"), pal.text("footer.disk_tip"));
    const counts = runCounts();
    const version = h("span", { class: "pal-version" });
    const help = pal.toolButton("keyboard", pal.text("footer.shortcuts"), pal.showShortcuts);
    const warning = trouble();
    const machine = h("div", { class: "pal-machine" }, cpu, ram, gpus, disk);
    const bar = h("footer", { class: "pal-footer", "aria-label": pal.text("footer.status") }, machine, warning, counts, version, signOut(), help);
    const showGpus = gpuMeters(gpus);

    pal.onState((state) => {
      warning.show(state);
      bar.dataset.online = String(state.online !== false);
      if (!state.data) return;
      const { system, version: release } = state.data;
      cpu.show(pal.format.known(system?.cpu_percent) ? `${Math.round(system.cpu_percent)}%` : pal.format.none);
      ram.show(share(system?.memory?.used, system?.memory?.total));
      disk.show(pal.text("footer.free", { size: bytes(system?.disk?.free) }));
      showGpus(system?.gpus || []);
      counts.show(state.data.counts || {});
      setText(version, `v${release}`);
    });

    root.append(bar);
    // The page ends above the bar, however many lines the bar needs.
    new ResizeObserver(() => {
      document.documentElement.style.setProperty("--pal-footer-height", `${bar.offsetHeight}px`);
    }).observe(bar);
  }

  pal.island("footer", build);
})();
