"""What ends a run early because going on would be in vain, and what is only worth a warning.

Numbers that are not finite never come back to being so: whoever finds the first of them ends the run while the last
checkpoint is still good. The environment's numbers are looked at as they come, before anything is learnt from them,
so that it is not the learning that is blamed. A policy without entropy may be a solved task and is only remarked on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces
from numpy import vdot

from trainer.algorithms.health import broken_part
from trainer.config import RunConfig
from trainer.envs.registry import registry
from trainer.errors import PalaestraError

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

# Not a number where all returns of a rollout are equal, which says nothing about the networks.
_MAY_BE_UNDEFINED = frozenset({"train/explained_variance"})

_ADVICE = (
    "Lower the learning rate, clip gradients more tightly (max_grad_norm), or normalise observations and rewards, "
    "then train again."
)


class GuardError(PalaestraError):
    """Training was ended before it would have spoilt what is there."""

    code = "guard"

    def add(self, sentence: str) -> None:
        """Say more, such as where the run can go on from."""
        self.message = f"{self.message} {sentence}"


class DivergedError(GuardError):
    """The networks' numbers are no longer finite."""

    def __init__(self, what: str, step: int) -> None:
        super().__init__(f"Training has diverged: {what} at step {step:,}. {_ADVICE}")


class BadEnvironmentError(GuardError):
    """The environment has given numbers that nothing can be learnt from."""

    def __init__(self, environment: str, what: str, copy: int, step: int) -> None:
        super().__init__(
            f"The environment {environment} returned {what} that is not finite (NaN or infinite) in copy {copy} at "
            f"step {step:,}; nothing was learnt from it. Mend the environment, or wrap it in one that leaves such "
            "numbers out."
        )


def require_finite_model(model: BaseAlgorithm) -> None:
    """Check weights and the optimisers' moments.

    :raises DivergedError: a number is not finite
    """
    broken = broken_part(model)
    if broken is not None:
        raise DivergedError(f"{broken} is not finite", model.num_timesteps)


def require_finite_metrics(values: Mapping[str, float], step: int) -> None:
    """Check what the algorithm has logged.

    :raises DivergedError: one of its numbers is not finite
    """
    for name, value in values.items():
        if name.startswith("train/") and name not in _MAY_BE_UNDEFINED and not math.isfinite(value):
            raise DivergedError(f"{name} became {value}", step)


class EnvironmentGuard:
    """Looks at each step's observations and rewards, at about a microsecond a step.

    :param environment: its id, for the message
    """

    def __init__(self, environment: str) -> None:
        self._environment = environment

    def look(self, rewards: Any, observations: Any, step: int) -> None:
        """Check one step of every copy.

        :param observations: (copies, …); only arrays of floating point numbers are looked at
        :raises BadEnvironmentError: a number is not finite
        """
        # One product is faster than looking at each number; large ones may overflow in it, so it does not decide.
        if not isfinite(vdot(rewards, rewards)):
            self._require(rewards, "a reward", step)
        if type(observations) is dict:
            for part in observations.values():
                self._require(part, "an observation", step)
        elif observations.dtype.kind == "f" and not isfinite(vdot(observations, observations)):
            self._require(observations, "an observation", step)

    def look_at_ends(self, infos: list[dict[str, Any]], step: int) -> None:
        """Check the last observations of episodes that have ended: in their place stands the next one's first already.

        :raises BadEnvironmentError: a number is not finite
        """
        for copy, info in enumerate(infos):
            last = info.get("terminal_observation")
            for part in last.values() if isinstance(last, dict) else () if last is None else (last,):
                self._require(np.asarray(part)[None], "an observation", step, copy)

    def _require(self, rows: Any, what: str, step: int, first: int = 0) -> None:
        rows = np.asarray(rows)
        if rows.dtype.kind != "f":
            return
        bad = ~np.isfinite(rows.reshape(len(rows), -1)).all(axis=1)
        if bad.any():
            raise BadEnvironmentError(self._environment, what, first + int(np.flatnonzero(bad)[0]), step)


class CollapseGuard:
    """Says once when a policy has all but stopped exploring and gets no better.

    A discrete policy counts as collapsed below a hundredth of the entropy of choosing evenly, a Gaussian one when its
    standard deviation is below 0.01 of an action, which runs from -1 to 1; both are choices of ours, low enough that a
    policy which still explores is far from them. Since a solved task may end there too, nothing is said at or above
    the environment's own reward threshold, nor, where it names none, of a run that has got better than it was at first.

    :param even_entropy: of choosing evenly among the actions, in nats; None where actions are not discrete
    :param threshold: mean return at which the environment counts as solved, or None
    :param patience: dumps of the logger in a row for which it has to be so
    """

    PART, DEVIATION = 0.01, 0.01

    def __init__(self, even_entropy: float | None, threshold: float | None, patience: int = 10) -> None:
        self._even_entropy = even_entropy
        self._threshold = threshold
        self._patience = patience
        self._dumps = 0
        self._first: float | None = None
        self._before = -math.inf
        self._told = False

    def look(self, values: Mapping[str, float], mean_return: float | None, step: int) -> str | None:
        """Return what to tell the user after this dump, or None.

        :param mean_return: over the last episodes
        """
        if mean_return is None or self._told:
            return None
        self._first = mean_return if self._first is None else self._first
        if not self._is_narrow(values):
            self._dumps, self._before = 0, mean_return
            return None
        self._dumps += 1
        if self._dumps < self._patience or not self._is_stuck(mean_return):
            return None
        self._told = True
        return (
            f"The policy has collapsed: for {self._dumps} updates up to step {step:,} it has chosen nearly the same "
            f"actions (entropy near zero) while the mean return stays at {mean_return:,.4g}. It goes on, but is "
            "unlikely to learn more: raise the entropy coefficient (ent_coef) or lower the learning rate, and go on "
            "from an earlier checkpoint or train again."
        )

    def _is_narrow(self, values: Mapping[str, float]) -> bool:
        if self._even_entropy is None:
            return values.get("train/std", math.inf) < self.DEVIATION
        entropy = -values.get("train/entropy_loss", -math.inf)
        return entropy < self.PART * self._even_entropy

    def _is_stuck(self, mean_return: float) -> bool:
        if self._threshold is not None:
            return mean_return < self._threshold and mean_return <= self._before + abs(self._before) * 0.01
        return self._first is not None and mean_return <= max(self._first, self._before)


def collapse_guard(config: RunConfig, action_space: spaces.Space[Any]) -> CollapseGuard | None:
    """Return the guard for a run, or None for kinds of actions of which no entropy is known."""
    threshold = config.evaluation.reward_threshold
    if threshold is None:
        threshold = getattr(registry().get(config.environment.id), "reward_threshold", None)
    if isinstance(action_space, spaces.Discrete):
        return CollapseGuard(math.log(action_space.n), threshold)
    if isinstance(action_space, spaces.MultiDiscrete):
        return CollapseGuard(float(np.log(action_space.nvec).sum()), threshold)
    if isinstance(action_space, spaces.MultiBinary):
        return CollapseGuard(int(np.prod(action_space.shape)) * math.log(2), threshold)
    return CollapseGuard(None, threshold) if isinstance(action_space, spaces.Box) else None
