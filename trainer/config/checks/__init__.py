"""Faults that no single field shows: combinations that cannot run, or would run without doing what they say.

Each rule looks at the whole configuration, and at the environment's spaces where they are known, and yields a
fault beside the field that one would change. What merely is not recommended is no fault, but may be `advise`d on.
"""

from __future__ import annotations

from trainer.config.checks import algorithm, environment, policy, replay, resources, session, wrappers
from trainer.config.checks.advice import advise
from trainer.config.run import RunConfig
from trainer.config.spaces import Spaces
from trainer.errors import Fault

_RULES = (
    *environment.RULES,
    *wrappers.RULES,
    *algorithm.RULES,
    *replay.RULES,
    *policy.RULES,
    *session.RULES,
    *resources.RULES,
)


def check(config: RunConfig, spaces: Spaces | None = None) -> list[Fault]:
    """Return every fault across fields, in page order of the sections; an empty list when the run can start.

    :param spaces: of the environment; None checks only what does not depend on them
    """
    return [fault for rule in _RULES for fault in rule(config, spaces)]


__all__ = ["advise", "check"]
