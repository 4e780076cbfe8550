"""What is running here, and the licences of what it stands on."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter

from api.requests import EngineOf
from api.responses import JsonResponse
from trainer.about import about
from trainer.licences import licence_text, own_licence, packages

router = APIRouter(prefix="/api/about", tags=["about"])


@router.get("")
def get_about(engine: EngineOf) -> JsonResponse:
    """Return versions, the machine, and every package with its licence; no path or name of a person."""
    gpus = [str(gpu["name"]) for gpu in engine.monitor.sample()["gpus"]]
    return JsonResponse({**about(gpus), "packages": [asdict(package) for package in packages()]})


@router.get("/licence")
def get_own_licence() -> JsonResponse:
    """Return the licence text of this program."""
    return JsonResponse({"name": "Palaestra", "text": own_licence()})


@router.get("/licences/{name}")
def get_licence(name: str) -> JsonResponse:
    """Return the licence text of a package, as it was installed with it."""
    return JsonResponse({"name": name, "text": licence_text(name)})
