"""What the action bar asks: is this runnable, run it, queue it, how would a terminal do it.

Pause, resume and stop are the run's own matter: the bar asks the REST API for them, as the Monitor's cards do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trainer.config import RunConfig
from trainer.config.durations import show_duration
from trainer.errors import PalaestraError
from trainer.runs.command import into, shortest_command
from ui.components.config_bar import required
from ui.components.environment_picker import describe_environment
from ui.components.form import read_filled
from ui.components.wrapper_editor import layers_in

if TYPE_CHECKING:
    from trainer.engine import Engine


class ActionBar:
    """The requests of the action bar; each takes and returns JSON data."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def review(self, filled: Mapping[str, Any]) -> dict[str, Any]:
        """Say everything that is wrong with the form, or what it would train, and what its environment is like."""
        result = read_filled(filled)
        environment_id = str(filled.get("values", {}).get("environment.id", ""))
        return {
            **self._engine.manager.review(result.config, result.faults, result.rest).as_json(),
            "summary": summarize(result.config) if result.config is not None else "",
            "environment": describe_environment(environment_id, result.config.environment if result.config else None),
            "layers": layers_in(filled),
        }

    def submit(self, filled: Mapping[str, Any], *, start: bool) -> dict[str, Any]:
        """Hand the form to the run manager and return the new run.

        :param start: False leaves the run in the queue until someone starts it
        :raises ConfigError: with every fault of the form
        """
        record = self._engine.manager.submit(required(filled), preset=self._preset(filled), start=start)
        return {"run": self._engine.run_json(record)}

    def command(self, filled: Mapping[str, Any]) -> dict[str, Any]:
        """Return the exact line that trains this form in a terminal, its run appearing in this page.

        :raises ConfigError: with every fault of the form
        """
        config = required(filled)
        command = shortest_command(config, self._engine.presets, self._preset(filled))
        return {"command": into(self._engine.layout.outputs, command)}

    def _preset(self, filled: Mapping[str, Any]) -> str | None:
        """Return the preset that the form began with, unless it has gone since."""
        name = filled.get("preset")
        if not isinstance(name, str):
            return None
        try:
            return self._engine.presets.load(name).name
        except PalaestraError:
            return None


def summarize(config: RunConfig) -> str:
    """Say in a line what a configuration would train."""
    training = config.training
    length = f"{training.total_timesteps:,} steps"
    if training.duration_seconds is not None:
        length = show_duration(training.duration_seconds)
    return f"{config.algorithm.label} on {config.environment.id}, {length}, seed {training.seed}"
