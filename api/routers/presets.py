"""Presets: shipped ones to read, one's own to write."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from api.errors import invalid_request
from api.requests import Body, EngineOf, parse_body, read_object, read_text
from api.responses import JsonResponse
from trainer.config import SCHEMA_VERSION, About, Preset, RunConfig, load_config
from trainer.config.adjusting import adjust, applied
from trainer.config.importing import import_text
from trainer.errors import Fault, StorageError

JsonObject = Annotated[dict[str, Any], Depends(read_object)]
_MAYBE = ("problem", "score")  # said only where there is one

router = APIRouter(prefix="/api/presets", tags=["presets"])


@router.get("")
def list_presets(engine: EngineOf) -> JsonResponse:
    """Return every preset by name, without its configuration."""
    infos = (asdict(info) for info in engine.presets.list())
    return JsonResponse(
        {"presets": [{k: v for k, v in info.items() if k not in _MAYBE or v is not None} for info in infos]}
    )


class Upload(Body):
    """A file of this or another program, to be read and not saved."""

    text: str
    format: str | None = None
    entry: str | None = None
    algorithm: str | None = None
    file_name: str = ""


@router.post("/import")
def import_preset(data: JsonObject) -> JsonResponse:
    """Return what a file amounts to, with a line for every key of it; nothing is saved.

    `config` is null when one of `entries` has to be chosen first, or the algorithm has to be said.
    """
    upload = parse_body(Upload, data)
    imported = import_text(
        upload.text,
        kind=upload.format,
        entry=upload.entry,
        algorithm=upload.algorithm,
        file_name=upload.file_name,
    )
    return JsonResponse(imported.as_json())


class Adjustment(Body):
    """A length, a style or both for a configuration that began as a preset."""

    preset: str | None = None
    config: dict[str, Any] | None = None
    length: str | None = None
    style: str | None = None


@router.post("/adjust")
def adjust_preset(engine: EngineOf, data: JsonObject) -> JsonResponse:
    """Return what a length or a style would change, each with its reason, and the configuration that results."""
    asked = parse_body(Adjustment, data)
    if asked.preset is None and asked.config is None:
        raise invalid_request([Fault("preset", "is missing", "give the name of a preset, a config, or both")])
    base = engine.presets.load(asked.preset).config if asked.preset is not None else None
    config = load_config(asked.config) if asked.config is not None else base or RunConfig()
    changes = adjust(config, base, length=asked.length, style=asked.style)
    told = [change.as_json() for change in changes]
    return JsonResponse({"changes": told, "config": applied(config, changes).to_data()})


@router.get("/{name}")
def get_preset(engine: EngineOf, name: str) -> JsonResponse:
    """Return a preset with its whole configuration."""
    return JsonResponse(_preset_json(engine.presets.load(name)))


@router.put("/{name}")
def put_preset(engine: EngineOf, name: str, text: Annotated[str, Depends(read_text)]) -> JsonResponse:
    """Save a preset of one's own; the body is a preset file or a bare configuration."""
    parsed = engine.presets.parse(text, name)
    known = {info.name for info in engine.presets.list()}
    # A body that says nothing of itself leaves what an older preset of that name said.
    about = parsed.about if parsed.about != About() else None
    try:
        saved = engine.presets.save(name, parsed.config, about)
    except OSError as error:
        raise StorageError(f"The preset {name} could not be written: {error}.") from error
    return JsonResponse(_preset_json(saved), 200 if name in known else 201)


@router.delete("/{name}")
def delete_preset(engine: EngineOf, name: str) -> JsonResponse:
    """Delete a preset of one's own."""
    try:
        engine.presets.delete(name)
    except OSError as error:
        raise StorageError(f"The preset {name} could not be deleted: {error}.") from error
    return JsonResponse({"name": name, "deleted": True})


def _preset_json(preset: Preset) -> dict[str, Any]:
    return {
        "name": preset.name,
        "schema_version": SCHEMA_VERSION,
        "about": preset.about.to_data(),
        "config": preset.config.to_data(),
    }
