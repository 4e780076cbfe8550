"""Fresh episodes with the present policy, and what they tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.algorithms.fast import Fast
from trainer.algorithms.masks import masks_of

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv


@dataclass(frozen=True)
class Evaluation:
    """Undiscounted, unclipped, unnormalised returns of whole episodes; `lengths` in agent steps."""

    returns: tuple[float, ...]
    lengths: tuple[int, ...]

    @property
    def mean_return(self) -> float:
        """Mean over the episodes."""
        return float(np.mean(self.returns))

    @property
    def std_return(self) -> float:
        """Population standard deviation over the episodes, as the field reports it."""
        return float(np.std(self.returns))

    @property
    def mean_length(self) -> float:
        """Mean agent steps an episode."""
        return float(np.mean(self.lengths))


def evaluate(
    model: BaseAlgorithm,
    env: VecEnv,
    episodes: int,
    *,
    deterministic: bool,
    should_stop: Callable[[], bool] = lambda: False,
    on_episode: Callable[[float, int], None] = lambda _return, _length: None,
) -> Evaluation | None:
    """Play `episodes` episodes and return what they gave; None when `should_stop` cut them short.

    Each copy plays an equal share, so that short episodes are not counted more often than long ones.

    :param env: its infos carry `episode` with the true return at the end of each episode
    :param should_stop: asked at every step; may block to hold
    :param on_episode: told the return and the length of each episode that counts
    """
    copies = env.num_envs
    share = np.array([(episodes + copy) // copies for copy in range(copies)])
    done_by_copy = np.zeros(copies, dtype=int)
    returns: list[float] = []
    lengths: list[int] = []
    choose = chooser(model, env, deterministic=deterministic)
    # Never a tuple here: no algorithm of ours takes one.
    observations: Any = env.reset()
    dones = np.ones(copies, dtype=bool)
    while (done_by_copy < share).any():
        if should_stop():
            return None
        observations, _, dones, infos = env.step(choose(observations, dones))
        if not dones.any():
            continue
        for copy, info in enumerate(infos):
            episode = info.get("episode")
            if episode is not None and done_by_copy[copy] < share[copy]:
                done_by_copy[copy] += 1
                returns.append(float(episode["r"]))
                lengths.append(int(episode["l"]))
                on_episode(returns[-1], lengths[-1])
    return Evaluation(tuple(returns), tuple(lengths))


def chooser(
    model: BaseAlgorithm, env: VecEnv, *, deterministic: bool
) -> Callable[[Any, NDArray[np.bool_]], NDArray[Any]]:
    """Return what gives actions for observations, told which of them begin an episode.

    It serves one stretch of play: the weights must stay as they are, and what a recurrent policy remembers is kept.

    :param env: where it is played, which says what actions are allowed to a policy that masks the others
    """
    if isinstance(model, Fast) and deterministic:
        play = model.player()
        return lambda observations, _starts: play(observations)
    states = None
    masks = masks_of(model, env)

    def predict(observations: Any, starts: NDArray[np.bool_]) -> NDArray[Any]:
        nonlocal states
        actions, states = model.predict(observations, states, starts, deterministic, **masks())
        return actions

    return predict
