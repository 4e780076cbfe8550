"""Runs: start, find, control, describe and delete them."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query
from pydantic import Field

from api.errors import invalid_request
from api.requests import Body, EngineOf, JsonObject, Parameters, one_of, parse_body, split
from api.responses import JsonResponse
from api.submission import Submission, resolve
from trainer.config import load_config
from trainer.engine import Engine
from trainer.errors import Fault, nearest
from trainer.runs.describe import relative_json
from trainer.runs.states import RunState
from trainer.store import RunRecord

router = APIRouter(prefix="/api/runs", tags=["runs"])

_DESCRIPTION = ("name", "tags", "notes")
_CHANGEABLE = (*_DESCRIPTION, "overrides")


class RunFilters(Parameters):
    """Which runs are wanted; an empty value asks for nothing."""

    status: list[str] = []
    env: str | None = None
    environment: str | None = None
    algorithm: str | None = None
    tag: str | None = None
    q: str | None = None
    limit: Annotated[int, Query(ge=1, le=1000)] = 50
    cursor: str | None = None


@router.get("")
def list_runs(engine: EngineOf, filters: Annotated[RunFilters, Query()]) -> JsonResponse:
    """Return runs, newest first; `cursor` in the answer asks for the next page."""
    page = engine.manager.list(
        status=_states(split(filters.status)),
        environment=one_of(filters.env, filters.environment, ("env", "environment")),
        algorithm=filters.algorithm or None,
        tag=filters.tag or None,
        q=filters.q or None,
        limit=filters.limit,
        cursor=filters.cursor or None,
    )
    body: dict[str, Any] = {"runs": [engine.run_json(record) for record in page.items]}
    return JsonResponse(body if page.cursor is None else {**body, "cursor": page.cursor})


@router.post("")
def create_run(engine: EngineOf, data: JsonObject) -> JsonResponse:
    """Submit a run of a preset, a configuration, or both, with overrides; it starts when a place is free."""
    submission = parse_body(Submission, data)
    config, preset = resolve(submission, engine.preset)
    record = engine.manager.submit(config, preset=preset, start=submission.start)
    return _run(engine, record, 201, {"Location": f"/api/runs/{quote(record.id)}"})


@router.get("/{run_id}")
def get_run(engine: EngineOf, run_id: str) -> JsonResponse:
    """Return a run as it stands."""
    return _run(engine, engine.manager.get(run_id))


@router.patch("/{run_id}")
def change_run(engine: EngineOf, run_id: str, data: JsonObject) -> JsonResponse:
    """Change a run's name, tags or notes, and with `overrides` settings while it lives; what is left out stays.

    A run that trains goes on with other settings after its present rollout; one with a fault changes nothing.
    """
    engine.manager.get(run_id)
    faults = [_unknown_field(key) for key in data if key not in _CHANGEABLE]
    overrides = data.get("overrides", {})
    if not isinstance(overrides, dict):
        faults.append(Fault("overrides", "must be an object of values by dotted path", '{"algorithm.gamma": 0.98}'))
    if faults:
        raise invalid_request(faults)
    # The same bounds as in a configuration, and the same words for what is wrong.
    described = load_config({key: value for key, value in data.items() if key in _DESCRIPTION})
    if overrides:
        engine.manager.edit(run_id, overrides)
    changes: dict[str, Any] = {key: getattr(described, key) for key in data if key in _DESCRIPTION}
    return _run(engine, engine.manager.update(run_id, **changes) if changes else engine.manager.get(run_id))


@router.delete("/{run_id}")
def delete_run(engine: EngineOf, run_id: str) -> JsonResponse:
    """Delete an ended run with everything it left."""
    engine.manager.delete(run_id)
    return JsonResponse({"id": run_id, "deleted": True})


@router.post("/{run_id}/start")
def start_run(engine: EngineOf, run_id: str) -> JsonResponse:
    """Let a run that was submitted without starting take its turn."""
    return _run(engine, engine.manager.start(run_id))


@router.post("/{run_id}/pause")
def pause_run(engine: EngineOf, run_id: str) -> JsonResponse:
    """Hold a run at its next step."""
    return _run(engine, engine.manager.pause(run_id))


@router.post("/{run_id}/resume")
def resume_run(engine: EngineOf, run_id: str) -> JsonResponse:
    """Let a paused run go on, or one that ended before its time go on from its last checkpoint."""
    return _run(engine, engine.manager.resume(run_id))


@router.post("/{run_id}/restart")
def restart_run(engine: EngineOf, run_id: str) -> JsonResponse:
    """Train a run's configuration again from the beginning, as a run of its own."""
    record = engine.manager.restart(run_id)
    return _run(engine, record, 201, {"Location": f"/api/runs/{quote(record.id)}"})


class Forking(Body):
    """From which checkpoint a new run goes on, and with what: the newest, and nothing changed, if that is left out."""

    step: Annotated[int | None, Field(ge=0, le=2**53)] = None
    overrides: dict[str, Any] = {}
    name: str | None = None
    start: bool = True


@router.post("/{run_id}/fork")
def fork_run(engine: EngineOf, run_id: str, data: JsonObject) -> JsonResponse:
    """Let a new run go on from a checkpoint of this one, with other settings."""
    asked = parse_body(Forking, data)
    record = engine.manager.fork(
        run_id, step=asked.step, overrides=asked.overrides, name=asked.name or None, start=asked.start
    )
    return _run(engine, record, 201, {"Location": f"/api/runs/{quote(record.id)}"})


@router.get("/{run_id}/family")
def family(engine: EngineOf, run_id: str) -> JsonResponse:
    """Return a run with all that it was forked from and all that was forked from these, parents first."""
    return JsonResponse({"runs": [relative_json(record) for record in engine.manager.family(run_id)]})


class Extension(Body):
    """How long a run is to be in all, in environment steps."""

    total_steps: Annotated[int, Field(ge=1, le=2**53)]


@router.post("/{run_id}/extend")
def extend_run(engine: EngineOf, run_id: str, data: JsonObject) -> JsonResponse:
    """Give an ended run more steps and let it go on from its last checkpoint."""
    return _run(engine, engine.manager.extend(run_id, parse_body(Extension, data).total_steps))


@router.post("/resume-interrupted")
def resume_interrupted(engine: EngineOf) -> JsonResponse:
    """Let every interrupted run go on from its last checkpoint."""
    return JsonResponse({"runs": [engine.run_json(record) for record in engine.manager.resume_interrupted()]})


@router.post("/{run_id}/stop")
def stop_run(engine: EngineOf, run_id: str) -> JsonResponse:
    """End a run with a checkpoint."""
    return _run(engine, engine.manager.stop(run_id))


def _run(engine: Engine, record: RunRecord, status: int = 200, headers: dict[str, str] | None = None) -> JsonResponse:
    return JsonResponse(engine.run_json(record), status, headers)


def _states(names: list[str]) -> list[str]:
    known = [state.value for state in RunState]
    faults = [_unknown_state(name, known) for name in names if name not in known]
    if faults:
        raise invalid_request(faults)
    return names


def _unknown_state(name: str, known: list[str]) -> Fault:
    near = nearest(name, known)
    return Fault(
        "status", f"{name!r} is not a state", f"did you mean {near}?" if near else f"known: {', '.join(known)}"
    )


def _unknown_field(key: str) -> Fault:
    near = nearest(key, _CHANGEABLE)
    return Fault(key, "cannot be changed here", f"did you mean {near}?" if near else f"known: {', '.join(_CHANGEABLE)}")
