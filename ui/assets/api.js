// Talking to the REST API: addresses relative to the page, errors in the API's own words.
"use strict";

(() => {
  const pal = window.palaestra;

  class ApiError extends Error {
    constructor(message, { status = 0, code = "unreachable", details = [] } = {}) {
      super(message);
      this.name = "ApiError";
      this.status = status; // 0: the server did not answer at all
      this.code = code;
      this.details = details; // [{field, message, hint?}]
    }

    // Everything worth copying into a report.
    get report() {
      const faults = this.details.map((fault) =>
        [fault.field, fault.message, fault.hint].filter(Boolean).join(": "),
      );
      return [`${this.message} (${this.code}, HTTP ${this.status})`, ...faults].join("\n");
    }
  }

  // "api/state" or "/api/state" -> the address next to the page, whatever root path or proxy it came through.
  function url(path, params = {}) {
    const address = new URL(path.replace(/^\/+/, ""), document.baseURI);
    for (const [name, value] of Object.entries(params)) {
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== null && one !== undefined && one !== "") address.searchParams.append(name, one);
      }
    }
    return address.toString();
  }

  async function request(method, path, { params, body, timeout = 15000 } = {}) {
    let response;
    let data = null;
    try {
      response = await fetch(url(path, params), {
        method,
        headers: body === undefined ? {} : { "Content-Type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: "same-origin",
        cache: "no-store",
        signal: AbortSignal.timeout(timeout),
      });
      const text = await response.text();
      data = text ? parse(text) : null;
    } catch {
      throw new ApiError(pal.text("api.unreachable"));
    }
    if (response.ok) return data;
    const error = (data && data.error) || {};
    throw new ApiError(pal.said(error.message) || pal.text("api.answered", { status: `${response.status} ${response.statusText}`.trim() }), {
      status: response.status,
      code: error.code || "http_error",
      details: Array.isArray(error.details) ? error.details : [],
    });
  }

  function parse(text) {
    try {
      return JSON.parse(text);
    } catch {
      return null; // a proxy's own error page
    }
  }

  const run = (id, rest = "") => `api/runs/${encodeURIComponent(id)}${rest}`;

  pal.ApiError = ApiError;
  pal.api = {
    url,
    request,
    // follow: ["run:since:after", …], whose news come along; see GET /api/state.
    state: (follow) => request("GET", "api/state", { params: { follow }, timeout: 5000 }),
    runs: (params) => request("GET", "api/runs", { params }),
    run: (id) => request("GET", run(id)),
    act: (id, action, body) => request("POST", run(id, `/${action}`), body ? { body } : {}),
    edit: (id, overrides) => request("PATCH", run(id), { body: { overrides } }),
    fork: (id, body) => request("POST", run(id, "/fork"), { body, timeout: 120000 }),
    family: (id) => request("GET", run(id, "/family")),
    checkpoints: (id) => request("GET", run(id, "/checkpoints")),
    config: (id) => request("GET", run(id, "/config")),
    fields: (algorithm) => request("GET", "api/config/fields", { params: { algorithm } }),
    resumeInterrupted: () => request("POST", "api/runs/resume-interrupted", { timeout: 60000 }),
    metrics: (id, params) => request("GET", run(id, "/metrics"), { params }),
    logs: (id, params) => request("GET", run(id, "/logs"), { params }),
    environments: (again = null) => request("GET", "api/environments", { params: { again } }),
    environment: (id, again = null) => request("GET", "api/environments/view", { params: { id, again }, timeout: 120000 }),
    environmentSpaces: (ids) => request("POST", "api/environments/spaces", { body: { ids }, timeout: 120000 }),
    ownEnvironments: () => request("GET", "api/environments/custom"),
    ownEnvironmentText: (name) => request("GET", `api/environments/custom/${encodeURIComponent(name)}/text`),
    decideEnvironment: (name, action, body) =>
      request("POST", `api/environments/custom/${encodeURIComponent(name)}/${action}`, { body, timeout: 180000 }),
    tools: () => request("GET", "api/tools"),
    toolTask: (task) => request("POST", "api/tools/jobs", { body: task }),
    cancelTask: (id) => request("POST", `api/tools/jobs/${encodeURIComponent(id)}/cancel`),
    evaluations: (run) => request("GET", "api/tools/evaluations", { params: { run } }),
    exports: (run) => request("GET", "api/tools/exports", { params: { run } }),
    prunePreview: (params) => request("GET", "api/tools/prune", { params, timeout: 300000 }),
    videos: (params) => request("GET", "api/videos/recordings", { params }),
  };
})();
