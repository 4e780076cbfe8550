"""Everything that is worth knowing of a configuration before it is started: faults, advice, estimates, the queue.

The page, `POST /api/config/check` and `train --dry-run` show the same review.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainer.config import RunConfig, advise
from trainer.envs import catalogue
from trainer.envs.entry_points import has_own_code
from trainer.envs.remarks import threshold_remarks, wrapper_remarks
from trainer.errors import ConfigError, Fault
from trainer.memory import available_bytes
from trainer.paths import Layout
from trainer.runs.disk import free_bytes, margin, shortage
from trainer.runs.estimates import LOOKED_AT, Estimates, estimate
from trainer.runs.roster import Roster
from trainer.store import Store

_VIDEOS_LOOKED_AT = 20


@dataclass(frozen=True)
class Review:
    """What is known of a configuration.

    :param faults: what forbids a start
    :param advice: what is only worth knowing
    :param estimates: what it would take; None where its environment cannot be made
    :param obstacles: what keeps any run from being started now, whatever its configuration
    :param place: 0 when it would start at once, else its place in the queue
    :param slots: how many runs may be active at once
    """

    faults: tuple[Fault, ...]
    advice: tuple[Fault, ...]
    estimates: Estimates | None
    obstacles: tuple[str, ...]
    place: int
    slots: int

    def as_json(self) -> dict[str, Any]:
        """Return the review as the REST contract shows it."""
        return {
            "ok": not self.faults,
            "faults": [fault.as_json() for fault in self.faults],
            "advice": [remark.as_json() for remark in self.advice],
            "estimates": self.estimates.as_json() if self.estimates else None,
            "start": {"obstacles": list(self.obstacles), "place": self.place, "slots": self.slots},
        }


class Reviewer:
    """Looks configurations over; nothing is started or written."""

    def __init__(self, store: Store, layout: Layout, roster: Roster) -> None:
        self._store = store
        self._layout = layout
        self._roster = roster

    def review(self, config: RunConfig | None, faults: Sequence[Fault]) -> Review:
        """Return the review of a configuration whose faults are known.

        :param config: None where the faults keep it from being one
        """
        estimates = self._estimates(config) if config is not None else None
        advice: list[Fault] = []
        if config is not None:
            environment = config.environment
            advice = [*advise(config, own_code=has_own_code(environment)), *wrapper_remarks(environment)]
            advice += threshold_remarks(environment, config.evaluation)
            advice += estimates.advice() if estimates else ()
        at_fault = {fault.field for fault in faults}
        ahead = self._roster.ahead()
        return Review(
            faults=tuple(faults),
            advice=tuple(remark for remark in advice if remark.field not in at_fault),
            estimates=estimates,
            obstacles=self._obstacles(),
            place=0 if ahead is None else ahead + 1,
            slots=self._roster.slots,
        )

    def _estimates(self, config: RunConfig) -> Estimates | None:
        try:
            spaces = catalogue.environment_spaces(config.environment)
        except ConfigError:
            return None
        algorithm, environment = config.algorithm.name, config.environment.id
        free_disk: int | None = None
        with contextlib.suppress(OSError):
            free_disk = free_bytes(self._layout.outputs)
        with self._store.together():
            return estimate(
                config,
                spaces,
                earlier=self._store.speeds(algorithm, environment, LOOKED_AT),
                videos=self._store.videos(environment=environment, limit=_VIDEOS_LOOKED_AT).items,
                free_memory=available_bytes(),
                free_disk=free_disk,
            )

    def _obstacles(self) -> tuple[str, ...]:
        outputs = self._layout.outputs
        with contextlib.suppress(OSError):
            if free_bytes(outputs) < margin(outputs):
                return (f"{shortage(outputs)} Free some space.",)
        return ()
