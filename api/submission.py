"""From the body of `POST /api/runs` to the configuration of a run.

A preset is the base, `config` is laid over it, `overrides` come last; each may be left out, but not both of the
first two. Nothing is started or written here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api.errors import invalid_request
from api.requests import Body
from trainer.config import Preset, RunConfig, apply_overrides, load_config
from trainer.config.migrations import migrate
from trainer.config.overrides import settings_in
from trainer.errors import Fault


class Submission(Body):
    """What a run is asked for with."""

    preset: str | None = None
    config: dict[str, Any] | None = None
    overrides: dict[str, Any] = {}
    start: bool = True


def resolve(submission: Submission, preset_of: Callable[[str], Preset]) -> tuple[RunConfig, str | None]:
    """Return the configuration that is asked for, and the name of the preset that it began with.

    :param preset_of: gives a preset by its name
    :raises ConfigError: with every fault found
    :raises NotFoundError: there is no such preset
    :raises UnsafePathError: the preset's name cannot be a file's
    """
    if submission.preset is None and submission.config is None:
        raise invalid_request([Fault("preset", "is missing", "give the name of a preset, a config, or both")])
    # What `GET /api/runs/{id}/config` answers can be sent back as it is: a run's history is no setting.
    given = {name: value for name, value in (submission.config or {}).items() if name != "history"}
    data: dict[str, Any] = given
    name = None
    if submission.preset is not None:
        preset = preset_of(submission.preset)
        name = preset.name or None
        data = preset.config.to_data()
        data = apply_overrides(data, dict(settings_in(migrate(given))))
    return load_config(apply_overrides(data, submission.overrides)), name
