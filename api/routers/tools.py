"""What is done with a trained policy afterwards: tasks and their progress, earlier results, exported files, pruning."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import FileResponse

from api.requests import EngineOf, Parameters, read_object
from api.responses import JsonResponse
from trainer.errors import ConfigError, Fault
from trainer.tools.formats import FORMATS, missing_for
from trainer.tools.progress import Progress
from trainer.tools.pruning import preview
from trainer.tools.results import address_of, evaluations_in, exports_in, file_in
from trainer.tools.tasks import Prune, read_task

router = APIRouter(prefix="/api/tools", tags=["tools"])

JsonObject = Annotated[dict[str, Any], Depends(read_object)]


class OfRun(Parameters):
    """Whose; an empty value asks for all."""

    run: str | None = None


class PruneWanted(Parameters):
    """What is to be kept; without `run` of all runs that have ended."""

    run: str | None = None
    newest: Annotated[int, Query(ge=1, le=10_000)] = 1
    best: bool = True
    final: bool = True
    milestones: bool = True
    replay: bool = True


@router.get("")
def overview(engine: EngineOf, wanted: Annotated[OfRun, Query()]) -> JsonResponse:
    """Return the tasks that the server knows, the newest first, and what exports need that is not installed."""
    missing = {name: missing_for(name) for name in FORMATS}
    formats = {name: None if found is None else asdict(found) for name, found in missing.items()}
    return JsonResponse({"jobs": engine.tools.list(wanted.run or None), "formats": formats})


@router.post("/jobs")
def submit(engine: EngineOf, data: JsonObject) -> JsonResponse:
    """Accept a task, `{"kind": "evaluate", "run": …, …}`, and return its job at once."""
    job = engine.tools.submit(read_task(data))
    return JsonResponse(job, 201, {"Location": f"/api/tools/jobs/{job['id']}"})


@router.get("/jobs")
def jobs(engine: EngineOf, wanted: Annotated[OfRun, Query()]) -> JsonResponse:
    """Return the tasks that the server knows, the newest first."""
    return JsonResponse({"jobs": engine.tools.list(wanted.run or None)})


@router.get("/jobs/{job_id}")
def job(engine: EngineOf, job_id: str) -> JsonResponse:
    """Return one task with its progress, result or error."""
    return JsonResponse(engine.tools.get(job_id))


@router.post("/jobs/{job_id}/cancel")
def cancel(engine: EngineOf, job_id: str) -> JsonResponse:
    """Ask a task to end; it leaves nothing behind."""
    return JsonResponse(engine.tools.cancel(job_id))


@router.get("/evaluations")
def evaluations(engine: EngineOf, wanted: Annotated[OfRun, Query()]) -> JsonResponse:
    """Return the evaluations of a run, the newest first."""
    return JsonResponse({"evaluations": evaluations_in(engine.layout.run(_known(engine, wanted)))})


@router.get("/exports")
def exports(engine: EngineOf, wanted: Annotated[OfRun, Query()]) -> JsonResponse:
    """Return what was exported of a run, the newest first, each file with its address."""
    run_id = _known(engine, wanted)
    found = exports_in(engine.layout.run(run_id))
    for each in found:
        for file in each["files"]:
            file["url"] = address_of(run_id, each["folder"], file["name"])
    return JsonResponse({"exports": found})


@router.get("/files/{run_id}/{folder}/{name}")
def exported_file(engine: EngineOf, run_id: str, folder: str, name: str) -> FileResponse:
    """Return an exported file as a download."""
    path = file_in(engine.layout.run(engine.manager.get(run_id).id), folder, name)
    # Never shown by a browser, whatever is in it.
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return FileResponse(path, filename=path.name, media_type="application/octet-stream", headers=headers)


@router.get("/prune")
def prune_preview(engine: EngineOf, wanted: Annotated[PruneWanted, Query()]) -> JsonResponse:
    """Return which checkpoints would be deleted and how many bytes that frees; nothing is touched."""
    policy = Prune(**{**wanted.model_dump(), "run": wanted.run or None})
    return JsonResponse(preview(engine.manager, engine.layout, policy, Progress()))


@router.post("/prune")
def prune(engine: EngineOf, data: JsonObject) -> JsonResponse:
    """Delete what is not to be kept, as a task; the fields are those of the preview."""
    return submit(engine, {**data, "kind": "prune"})


def _known(engine: EngineOf, wanted: OfRun) -> str:
    if not wanted.run:
        raise ConfigError([Fault("run", "is missing", "Name a run: ?run=RUN_ID.")])
    return engine.manager.get(wanted.run).id
