"""One's own defaults for new configurations, in a TOML file that is made when it is asked for."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from api.errors import invalid_request
from api.requests import Body, EngineOf, parse_body, read_object
from api.responses import JsonResponse
from trainer.config.defaults import DefaultsFile
from trainer.errors import Fault

router = APIRouter(prefix="/api/settings/defaults", tags=["settings"])

JsonObject = Annotated[dict[str, Any], Depends(read_object)]


class Change(Body):
    """One default: its value, or that it is taken back."""

    key: str
    value: Any = None
    remove: bool = False


@router.get("")
def get_defaults(engine: EngineOf) -> JsonResponse:
    """Return where the file is and what it says: `values` by key, as `ppo:algorithm.gamma`, and its faults."""
    return JsonResponse(_described(engine.defaults))


@router.post("")
def create_defaults(engine: EngineOf) -> JsonResponse:
    """Write the file with every setting and its help, all of it commented out."""
    engine.defaults.create()
    return JsonResponse(_described(engine.defaults), 201)


@router.patch("")
def change_defaults(engine: EngineOf, data: JsonObject) -> JsonResponse:
    """Set one default, or with `remove` take it back; all else in the file stays as it is."""
    change = parse_body(Change, data)
    if "value" not in data and not change.remove:
        raise invalid_request([Fault("value", "is missing", "give a value, or remove: true")])
    engine.defaults.change(change.key, ... if change.remove else change.value)
    return JsonResponse(_described(engine.defaults))


def _described(file: DefaultsFile) -> dict[str, Any]:
    read = file.read()
    return {
        "path": str(file.path),
        "exists": read.exists,
        "values": dict(read.values),
        "faults": [fault.as_json() for fault in read.faults],
    }
