"""Faults that no single field shows: combinations that cannot run, or would run without doing what they say.

Each rule looks at the whole configuration, and at the environment's spaces where they are known, and yields a
fault beside the field that one would change. What merely is not recommended is no fault, but may be `advise`d on.
"""

from __future__ import annotations

import contextlib

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


def check_rest(rest: RunConfig, spaces: Spaces | None = None) -> list[Fault]:
    """Return the faults across fields of what can be read of a configuration, from rules that need no more than that.

    :param rest: from a ConfigError or a FormResult; the settings at fault are missing in it
    """
    found: list[Fault] = []
    for rule in _RULES:
        with contextlib.suppress(AttributeError):
            found += list(rule(rest, spaces))
    return found


__all__ = ["advise", "check", "check_rest"]
