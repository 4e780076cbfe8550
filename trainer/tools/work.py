"""Doing what a task asks for, in whatever process it is; PyTorch is loaded here and not before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trainer.events import VideoSaved
from trainer.tools.progress import Progress
from trainer.tools.tasks import Card, Evaluate, Export, OfCheckpoint, Render


def perform(task: OfCheckpoint, directory: Path, progress: Progress, place: Path | None = None) -> dict[str, Any]:
    """Do it and return the result as JSON.

    :param directory: of the run
    :param place: where an export goes; None takes its place in the run's directory
    :raises PalaestraError: it cannot be done; the message says why
    :raises CancelledError: it was cut short; nothing of it remains
    """
    from trainer.tools.subject import Subject

    if isinstance(task, Export):
        from trainer.tools.exporting import export

        return export(Subject.read(directory, task.checkpoint), task.format, progress, place)
    subject = Subject.read(directory, task.checkpoint)
    if isinstance(task, Evaluate):
        from trainer.tools.evaluation import examine, keep

        result = examine(
            subject, episodes=task.episodes, seeds=task.seeds, deterministic=task.deterministic, progress=progress
        )
        return {"file": keep(directory, result).name, **result}
    if isinstance(task, Card):
        from trainer.tools.card import make_card

        return make_card(subject, episodes=task.episodes, progress=progress, place=place)
    if isinstance(task, Render):
        from trainer.tools.filming import film

        return film(
            subject,
            episodes=task.episodes,
            seed=task.seed,
            deterministic=task.deterministic,
            max_length=task.max_length,
            progress=progress,
        )
    raise TypeError(f"nothing is known of {type(task).__name__}")


def video_events(result: dict[str, Any]) -> list[VideoSaved]:
    """Return what the store is to be told of the videos that a `Render` has made."""
    return [VideoSaved(result["run"], step=result["step"], **video) for video in result["videos"]]
