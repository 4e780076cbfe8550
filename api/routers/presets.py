"""Presets: shipped ones to read, one's own to write."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from api.requests import EngineOf, read_text
from api.responses import JsonResponse
from trainer.config import SCHEMA_VERSION, About, Preset
from trainer.errors import StorageError

_MAYBE = ("problem", "score")  # said only where there is one

router = APIRouter(prefix="/api/presets", tags=["presets"])


@router.get("")
def list_presets(engine: EngineOf) -> JsonResponse:
    """Return every preset by name, without its configuration."""
    infos = (asdict(info) for info in engine.presets.list())
    return JsonResponse(
        {"presets": [{k: v for k, v in info.items() if k not in _MAYBE or v is not None} for info in infos]}
    )


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
