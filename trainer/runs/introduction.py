"""The line with which a run introduces itself in its log: what is trained on what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gymnasium import spaces

from trainer.algorithms.fast import Fast
from trainer.algorithms.masks import NO_MASKS, lacks_masks
from trainer.amounts import counted
from trainer.config import RunConfig
from trainer.config.placement import has_own_buffer, keeps_infos

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv

_THEIR_LOOPS = "the run uses Stable-Baselines3's own loops and the random numbers of the process."
_OWN_BUFFER = f"With a buffer class of your own {_THEIR_LOOPS}"
_KEEPS_INFOS = f"Where hindsight keeps infos, {_THEIR_LOOPS}"
_NOT_SAVED = "Its replay buffer is in no checkpoint: resumed, it collects anew before it learns on."


def introduce(model: BaseAlgorithm, env: VecEnv, threads: int) -> str:
    """Return what a run is made of, in one line.

    :param threads: of PyTorch, for the networks
    """
    precision = f" in {model.precision_name}" if isinstance(model, Fast) else ""
    return (
        f"{counted(env.num_envs, 'copy', 'copies')} of the environment, observations {_brief(env.observation_space)}, "
        f"actions {_brief(env.action_space)}, {type(model.policy).__name__} on {model.device}{precision}, "
        f"{counted(threads, 'thread')} for the networks."
    )


def notes_on(model: BaseAlgorithm, env: VecEnv, config: RunConfig) -> list[str]:
    """Return what the user should know of how a model turned out."""
    if isinstance(model, Fast):
        return model.core.notes
    notes = [_OWN_BUFFER] * has_own_buffer(config) + [_KEEPS_INFOS] * keeps_infos(config)
    is_lost = notes and getattr(model, "replay_buffer", None) is not None
    return [*notes, *[_NOT_SAVED] * bool(is_lost), *[NO_MASKS] * lacks_masks(model, env)]


def _brief(space: spaces.Space[Any]) -> str:
    """Name a space without the bounds of each of its numbers."""
    if isinstance(space, spaces.Box):
        return f"{'x'.join(map(str, space.shape))} {space.dtype}"
    return f"{space.n} discrete" if isinstance(space, spaces.Discrete) else str(space)
