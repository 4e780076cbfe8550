"""Environments: which there are and what they look like, and the user's own files with what was decided about them.

Nothing here makes an environment in this process, and no file of the user's is run before it is enabled. An id has
slashes, so it comes as a parameter.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import FileResponse

from api.errors import invalid_request
from api.requests import Body, EngineOf, Parameters, parse_body, read_object
from api.responses import JsonResponse
from trainer.config.algorithms import label_of
from trainer.engine import Engine
from trainer.envs import catalogue
from trainer.envs.catalogue import Family
from trainer.envs.custom.shelf import CustomFile
from trainer.envs.gallery import MOST_AT_ONCE, algorithms_for, spaces_from
from trainer.errors import Fault

router = APIRouter(prefix="/api/environments", tags=["environments"])


class ListWanted(Parameters):
    """`again` also tries packages once more that could not be imported."""

    again: bool = False


@router.get("")
def list_environments(wanted: Annotated[ListWanted, Query()]) -> JsonResponse:
    """Return every family and every registered id, by family and title, newer versions first.

    `older` marks all but the first of several versions of one environment; `command` is the line that installs what
    is missing, `missing` says why an environment cannot run here.
    """
    shelf = catalogue.shelf(again=wanted.again)
    entries = [entry for family in shelf for entry in _entries_json(family)]
    return JsonResponse({"families": [_family_json(family) for family in shelf], "environments": entries})


class EnvironmentWanted(Parameters):
    """Which environment; `again` looks once more where something went wrong."""

    id: str
    again: bool = False


@router.get("/view")
def view(engine: EngineOf, wanted: Annotated[EnvironmentWanted, Query()]) -> JsonResponse:
    """Return everything about one environment: spaces in full, picture, algorithms that fit, presets.

    `algorithm_labels` are what people read for the names in `algorithms`; the `environment` of a preset says on which
    version of it the preset was tuned, `versions` which ids are versions of it.
    It is made in a process of its own the first time, which takes a second or two.
    """
    seen = engine.gallery.seen(wanted.id, again=wanted.again)
    entry = catalogue.find(wanted.id)
    spaces = spaces_from(seen)
    fits = algorithms_for(spaces)
    versions = catalogue.versions_of(wanted.id)
    return JsonResponse(
        {
            **asdict(entry),
            **{key: value for key, value in seen.items() if key != "picture_file"},
            "picture": seen.get("picture_file"),
            "algorithms": fits,
            "algorithm_labels": {name: label_of(name) for name in fits},
            "wrapper": spaces.suggested_wrapper if spaces is not None else None,
            "presets": _presets_json(engine, versions),
            "versions": sorted(versions),
        }
    )


class PictureWanted(Parameters):
    """Which environment; `of` changes with its picture, so that a browser may keep one."""

    id: str
    of: str = ""


@router.get("/picture")
def picture(engine: EngineOf, wanted: Annotated[PictureWanted, Query()]) -> FileResponse:
    """Return the picture of an environment that `view` has looked at."""
    headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return FileResponse(engine.gallery.picture(wanted.id), headers=headers, media_type="image/png")


class SpacesWanted(Body):
    """Whose spaces."""

    ids: list[str]


@router.post("/spaces")
def spaces(engine: EngineOf, data: Annotated[dict[str, Any], Depends(read_object)]) -> JsonResponse:
    """Return the spaces of several environments; those that cannot be made are left out or say why."""
    wanted = parse_body(SpacesWanted, data).ids
    if len(wanted) > MOST_AT_ONCE:
        raise invalid_request([Fault("ids", f"are {len(wanted)}; at most {MOST_AT_ONCE} at once")])
    seen = engine.gallery.spaces(wanted)
    return JsonResponse({"spaces": {each: _summary(seen[each]) for each in seen}})


@router.get("/custom")
def custom(engine: EngineOf) -> JsonResponse:
    """Return the user's files of environments; none is run for it."""
    shelf = engine.environments
    return JsonResponse({"folder": str(shelf.folder), "files": [_file_json(file) for file in shelf.listing()]})


@router.get("/custom/{name}/text")
def text(engine: EngineOf, name: str) -> JsonResponse:
    """Return what a file of environments says, for whoever decides about it."""
    return JsonResponse({"text": engine.environments.text(name)})


class Enabling(Body):
    """The file that is meant by its SHA-256, and whether errors of Gymnasium's check are to be passed over."""

    digest: str
    despite: bool = False


@router.post("/custom/{name}/enable")
def enable(engine: EngineOf, name: str, data: Annotated[dict[str, Any], Depends(read_object)]) -> JsonResponse:
    """Try a file in a process of its own and import it from now on where nothing is wrong with it.

    The answer comes when it has been tried, a minute later at the most, and says in `state` how that went.
    """
    wanted = parse_body(Enabling, data)
    return JsonResponse(_file_json(engine.environments.enable(name, wanted.digest, despite=wanted.despite)))


@router.post("/custom/{name}/disable")
def disable(engine: EngineOf, name: str) -> JsonResponse:
    """Have a file no longer imported."""
    return JsonResponse(_file_json(engine.environments.disable(name)))


@router.post("/custom/{name}/cancel")
def cancel(engine: EngineOf, name: str) -> JsonResponse:
    """End the trial of a file that is under way."""
    engine.environments.cancel(name)
    return JsonResponse({"name": name, "cancelled": True})


def _family_json(family: Family) -> dict[str, Any]:
    return {
        "key": family.key,
        "title": family.title,
        "about": family.about,
        "command": family.command,
        "problem": family.problem,
        "runs_here": family.runs_here,
    }


def _entries_json(family: Family) -> list[dict[str, Any]]:
    older = family.older
    return [{**asdict(entry), "older": entry.id in older} for entry in family.entries]


def _summary(seen: dict[str, Any]) -> dict[str, Any]:
    return seen["spaces"] if isinstance(seen.get("spaces"), dict) else {"problem": seen.get("problem", "")}


def _presets_json(engine: Engine, environment_ids: frozenset[str]) -> list[dict[str, Any]]:
    infos = ({**asdict(info), "algorithm_label": label_of(info.algorithm)} for info in engine.presets.list())
    return [info for info in infos if info["environment"] in environment_ids and not info["problem"]]


def _file_json(file: CustomFile) -> dict[str, Any]:
    return asdict(file)
