"""Whether the server is well, and everything a dashboard needs in one call."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query

from api.errors import invalid_request
from api.requests import EngineOf, Parameters
from api.responses import JsonResponse
from api.routers.history import LARGEST, logs_json, metrics_json
from trainer.engine import Engine
from trainer.errors import Fault, NotFoundError

router = APIRouter(prefix="/api", tags=["state"])

_LINES = 2000  # most log lines of a followed run in one answer


@router.get("/health")
def health(engine: EngineOf) -> JsonResponse:
    """Return `ok` with the number of runs in each state, or `degraded` with what is wrong."""
    problem = engine.store.last_error
    body = {"status": "ok" if problem is None else "degraded", "version": engine.version, "runs": engine.counts()}
    return JsonResponse(body if problem is None else {**body, "message": problem})


class StateWanted(Parameters):
    """Which runs to follow, each as `RUN:SINCE:AFTER`; a cursor left empty asks for nothing of its kind."""

    follow: Annotated[list[str], Query(max_length=100)] = []


@router.get("/state")
def state(engine: EngineOf, wanted: Annotated[StateWanted, Query()]) -> JsonResponse:
    """Return the runs that live or ended lately, all counts, the machine's load and the store's health.

    `followed` holds, for every run to follow that still exists, what `/metrics?since=` and `/logs?after=&limit=2000`
    of it would answer, so that a page with many charts asks once. Name a run once.
    """
    followed = [_Followed.parse(text) for text in wanted.follow]
    body = engine.snapshot()
    if followed:
        # After the states: what has ended there has written its last numbers before these are read.
        with engine.store.together():
            news = {each.run_id: each.news(engine) for each in followed}
        body["followed"] = {run_id: new for run_id, new in news.items() if new is not None}
    return JsonResponse(body)


class _Followed(NamedTuple):
    """A run, and how far the one who asks knows its series and its log; None where that is not asked for."""

    run_id: str
    since: int | None
    after: int | None

    @classmethod
    def parse(cls, text: str) -> _Followed:
        """Read `RUN:SINCE:AFTER`.

        :raises RequestError: it is not that
        """
        run_id, *cursors = text.rsplit(":", 2)
        if len(cursors) != 2 or not all(_is_cursor(cursor) for cursor in cursors):
            message = f"{text!r} is not RUN:SINCE:AFTER with two cursors"
            raise invalid_request([Fault("follow", message, "leave a cursor empty to ask for nothing of its kind")])
        since, after = (int(cursor) if cursor else None for cursor in cursors)
        return cls(run_id, since, after)

    def news(self, engine: Engine) -> dict[str, Any] | None:
        """Return what is new, or None where the run is gone."""
        store, new = engine.store, {}
        try:
            if self.since is not None:
                new["metrics"] = metrics_json(store.metrics(self.run_id, since=self.since))
            if self.after is not None:
                new["logs"] = logs_json(store.logs(self.run_id, self.after, _LINES), after=self.after)
        except NotFoundError:
            return None
        return new


def _is_cursor(text: str) -> bool:
    return text == "" or (text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= LARGEST)
