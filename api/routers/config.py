"""What a run's configuration may hold."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.requests import EngineOf, JsonObject, Parameters, parse_body
from api.responses import JsonResponse
from api.submission import Submission, resolve
from trainer.config import FieldSpec, RunConfig, field_specs, section_title, specs_for
from trainer.config.algorithms import label_of
from trainer.errors import ConfigError, Fault

router = APIRouter(prefix="/api/config", tags=["config"])


@router.get("/schema")
def schema() -> JsonResponse:
    """Return the JSON Schema of RunConfig, with title, help, source, default and bounds of every field."""
    return JsonResponse(_schema())


class FieldsWanted(Parameters):
    """Whose settings; empty asks for those of every algorithm."""

    algorithm: str = ""


@router.get("/fields")
def fields(wanted: Annotated[FieldsWanted, Query()]) -> JsonResponse:
    """Return every setting that a run of an algorithm has, in page order, as a form would show it.

    `fixed` says why a fork cannot change a setting, and is null where it can; `section_title` and `algorithm_label`
    are what people read for `section` and `algorithm`.
    """
    specs = specs_for(wanted.algorithm) if wanted.algorithm else field_specs()
    return JsonResponse({"fields": [_field_json(spec) for spec in specs]})


@router.post("/check")
def check_config(engine: EngineOf, data: JsonObject) -> JsonResponse:
    """Say what is wrong with a configuration and what it would take, without starting it.

    The body is that of `POST /api/runs`. The answer is 200 with the faults in it, also where there are some: `ok`,
    `faults`, `advice` (each with `field`, `message`, `hint`? and `fix`?), `estimates` of memory, time and disk (null
    where the environment cannot be made), and `start`: `obstacles`, the `place` in the queue (0: at once), `slots`.
    """
    submission = parse_body(Submission, data)
    config: RunConfig | None = None
    rest: RunConfig | None = None
    faults: tuple[Fault, ...] = ()
    try:
        config, _ = resolve(submission, engine.preset)
    except ConfigError as error:
        faults, rest = error.faults, error.rest
    return JsonResponse(engine.manager.review(config, faults, rest).as_json())


def _field_json(spec: FieldSpec) -> dict[str, Any]:
    default = spec.default
    return {
        **asdict(spec),
        "default": default.model_dump(mode="json") if isinstance(default, BaseModel) else default,
        "section_title": section_title(spec.section),
        "algorithm_label": label_of(spec.algorithm) if spec.algorithm else None,
    }


@cache
def _schema() -> dict[str, Any]:
    return RunConfig.model_json_schema(by_alias=True)
