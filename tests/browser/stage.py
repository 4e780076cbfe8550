"""A stage for our scripts: a real browser, our real assets, and a REST API that a test plays itself.

Nothing listens anywhere; the browser's requests are answered inside the test.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ui.catalogue import LANGUAGES
from ui.page import ASSETS, page_head

ADDRESS = "http://palaestra.test/lab/"
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
SHELL = """<!doctype html><html><head><meta charset="utf-8"><base href="./">
</head><body>
<div class="gradio-container"><div id="pal-tabs"><div class="tab-wrapper"><div role="tablist">
<button role="tab" id="tab-train-button" aria-selected="false">Train</button>
<button role="tab" id="tab-monitor-button" aria-selected="true">Monitor</button>
<button role="tab" id="tab-videos-button" aria-selected="false">Videos</button></div></div>
<div class="pal-island"><div data-island="%s"></div></div></div>
<div class="pal-island"><div data-island="footer"></div></div></div>
<script>window.palaestraIslands = document.querySelectorAll("[data-island]");</script>
%s</body></html>"""
ALLOWED = {"start": "It runs already.", "pause": None, "resume": "It is not paused.", "stop": None}


def run(number: int = 1, status: str = "running", **changes: Any) -> dict[str, Any]:
    """Return a run in the shape of the REST contract."""
    return {
        "id": f"run-{number}",
        "name": f"Run {number}",
        "status": status,
        "step": 12345,
        "total_steps": 100000,
        "progress": 0.12345,
        "fps": 1212.4,
        "eta_seconds": 4323.0,
        "elapsed_seconds": 61.0,
        "episodes": 77,
        "returns": {"last": 14.0, "mean": 11.25, "best": 18.5},
        "environment": "ALE/Pong-v5",
        "algorithm": "ppo",
        "seed": 0,
        "preset": None,
        "tags": [],
        "notes": "",
        "created_at": 1_700_000_000.0 + number,
        "started_at": 1_700_000_100.0,
        "ended_at": None,
        "reason": None,
        "actions": dict(ALLOWED),
        **changes,
    }


class Rest:
    """The server's side: what a test puts in is what the page is told; what the page asked is kept in `calls`."""

    def __init__(self) -> None:
        self.runs: list[dict[str, Any]] = []
        self.series: dict[str, list[tuple[int, float | None]]] = {"episode/return": [(n * 10, n) for n in range(50)]}
        self.videos: list[dict[str, Any]] = []
        self.calls: list[tuple[str, str]] = []
        self.lines = 1  # in the log
        self.gone = False
        self.failing = 0  # requests for numbers that go wrong from now on
        self.refusal: str | None = None

    def answer(self, method: str, path: str, query: dict[str, str], follow: list[str]) -> tuple[int, Any]:
        """Return status and JSON for one request."""
        self.calls.append((method, path))
        if method == "POST":
            return self._act(*path.split("/")[-2:])
        if path == "api/state":
            return 200, self._state(follow)
        if path.endswith("/metrics") and self.failing > 0:
            self.failing -= 1
            return 500, {"error": {"code": "internal", "message": "Something went wrong."}}
        if path.endswith("/metrics"):
            return 200, self._metrics(int(query.get("since", 0)))
        if path.endswith("/logs"):
            return 200, self._logs(int(query.get("after", 0)))
        if path.endswith("/family"):
            return 200, {"runs": [run for run in self.runs if run["id"] == path.split("/")[-2]]}
        if path == "api/videos/recordings":
            return 200, self._recordings(query)
        return 200, {"runs": self.runs}

    def _state(self, follow: list[str]) -> dict[str, Any]:
        counts = {name: sum(run["status"] == name for run in self.runs) for name in ("running", "interrupted")}
        memory = {"used": 6.1 * 2**30, "total": 24 * 2**30}
        system = {"cpu_percent": 43.0, "memory": memory, "disk": {"free": 41 * 2**30, "total": 2**40}, "gpus": []}
        store = {"ok": True, "message": None}
        body = {"version": "0.1.0", "time": 0, "counts": counts, "runs": self.runs, "system": system, "store": store}
        return body | ({"followed": dict(map(self._news, follow))} if follow else {})

    def _news(self, followed: str) -> tuple[str, dict[str, Any]]:
        run_id, since, after = followed.split(":")
        news = {"metrics": self._metrics(int(since))} if since else {}
        return run_id, news | ({"logs": self._logs(int(after))} if after else {})

    def _logs(self, after: int, most: int = 500) -> dict[str, Any]:
        last = min(self.lines, after + most)
        fresh = range(after + 1, last + 1)
        lines = [{"number": n, "time": time.time(), "level": "info", "text": f"Line {n}."} for n in fresh]
        return {"lines": lines, "cursor": last}

    def _act(self, run_id: str, action: str) -> tuple[int, Any]:
        if self.refusal:
            return 409, {"error": {"code": "conflict", "message": self.refusal}}
        found = next(run for run in self.runs if run["id"] == run_id)
        found["status"] = {"pause": "paused", "resume": "running", "stop": "stopped"}[action]
        return 200, found

    def _metrics(self, since: int) -> dict[str, Any]:
        series = {}
        for name, points in self.series.items():
            if fresh := points[since:]:
                series[name] = {"steps": [p[0] for p in fresh], "values": [p[1] for p in fresh], "times": []}
        return {"series": series, "cursor": max(map(len, self.series.values()))}

    def _recordings(self, query: dict[str, str]) -> dict[str, Any]:
        found = [video for video in self.videos if query.get("run") in (None, video["run_id"])]
        first, limit = int(query.get("cursor", 0)), int(query["limit"])
        page: dict[str, Any] = {"videos": found[first : first + limit]}
        return page if first + limit >= len(found) else {**page, "cursor": str(first + limit)}


def open_stage(page: Any, rest: Rest, island: str = "monitor") -> Any:
    """Show one island and the status bar in a browser's page, with `rest` as its server."""

    def answer(route: Any) -> None:
        address = urlsplit(route.request.url)
        path = unquote(address.path).removeprefix("/lab/")
        if path == "":
            route.fulfill(body=SHELL % (island, page_head()), content_type="text/html; charset=utf-8")
        elif path.startswith("assets/"):
            file = (LANGUAGES if path.startswith("assets/languages/") else ASSETS) / Path(path).name
            route.fulfill(body=file.read_bytes(), content_type=TYPES[file.suffix])
        elif rest.gone:
            route.abort()
        elif path.startswith("api/"):
            asked = parse_qs(address.query)
            query = {name: values[0] for name, values in asked.items()}
            status, body = rest.answer(route.request.method, path, query, asked.get("follow", []))
            route.fulfill(status=status, body=json.dumps(body), content_type="application/json")
        else:
            route.fulfill(status=404, body="")

    page.route("**/*", answer)
    page.goto(ADDRESS)
    page.wait_for_function("window.palaestra?.state?.online === true")
    return page


def plain(text: str) -> str:
    """Give the page's minus sign and dash as a keyboard types them."""
    return text.replace("\u2212", "-").replace("\u2013", "-")


def until(page: Any, condition: str, argument: Any = None) -> None:
    """Wait until a script's condition holds on the page."""
    page.wait_for_function(condition, arg=argument)
