"""What the environment really shows, and what our policy does then: the yardstick of every export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.algorithms.masks import current_masks
from trainer.envs.normalization import normalization_of
from trainer.envs.seeding import mixed_seed
from trainer.runs.evaluation import chooser
from trainer.tools.portable import Arrays, named, takes_masks
from trainer.tools.progress import Progress

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv

_SEED = 30_000


@dataclass(frozen=True)
class Sample:
    """Observations in the order in which they came, and what the policy did.

    :param observations: by name, before normalisation, one row a step
    :param starts: which of them begin an episode
    :param actions: as the environment took or would have taken them
    :param masks: which actions were valid, where the policy is told
    """

    observations: Arrays
    starts: NDArray[np.bool_]
    actions: NDArray[Any]
    masks: NDArray[np.bool_] | None

    def __len__(self) -> int:
        return len(self.starts)


def collect(model: BaseAlgorithm, env: VecEnv, count: int, progress: Progress) -> Sample:
    """Play `count` steps in a single copy, every other one at random, so that more is seen than one good path.

    :raises CancelledError: it was cut short
    """
    choose = chooser(model, env, deterministic=True)
    normalizer = normalization_of(env)
    env.seed(mixed_seed(_SEED, 0))
    draws = np.random.default_rng(_SEED)
    env.action_space.seed(_SEED)
    is_masked = takes_masks(model.policy)
    seen: list[Arrays] = []
    starts, actions, masks = [], [], []
    observations: Any = env.reset()
    begins = np.ones(1, dtype=np.bool_)
    for step in range(count):
        progress.require()
        raw = observations if normalizer is None else normalizer.get_original_obs()
        # A copy, since environments may write the next one into the same memory.
        seen.append({name: rows.copy() for name, rows in named(raw).items()})
        starts.append(bool(begins[0]))
        valid = current_masks(env)[0] if is_masked else None
        if valid is not None:
            masks.append(valid.copy())
        action = np.asarray(choose(observations, begins))
        actions.append(action[0].copy())
        if draws.random() < 0.5:
            action = np.asarray(env.action_space.sample() if valid is None else _valid(env, valid))[None]
        observations, _, begins, _ = env.step(action)
        progress.tell((step + 1) / count, "collecting observations")
    joined = {name: np.concatenate([each[name] for each in seen]) for name in seen[0]}
    return Sample(joined, np.array(starts), np.array(actions), np.array(masks) if masks else None)


def _valid(env: VecEnv, mask: NDArray[np.bool_]) -> Any:
    """Draw one of the valid actions."""
    space = env.action_space
    sizes = getattr(space, "nvec", None)
    if sizes is None:
        return space.sample(mask=mask.astype(np.int8)) if hasattr(space, "n") and not space.shape else space.sample()
    parts = np.split(mask.astype(np.int8), np.cumsum(sizes)[:-1])
    return space.sample(mask=tuple(parts))
