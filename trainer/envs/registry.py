"""Gymnasium's registry with ale-py's games in it. Gymnasium is loaded only once something is asked for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gymnasium.envs.registration import EnvSpec

    from trainer.config.environment import EnvironmentConfig
    from trainer.envs.atari_options import AtariOptions

# Held while an environment is made: its modules are imported then, and Gymnasium's import one another in circles, so
# that a second thread finds them half imported.
making = threading.RLock()

_registering = threading.Lock()


def registry() -> dict[str, EnvSpec]:
    """Return every registered spec by its id; a fresh dict, as others may register at any time."""
    with _registering:
        import gymnasium as gym

        try:
            import ale_py
        except ImportError:
            return dict(gym.registry)
        gym.register_envs(ale_py)
        # Before the first game is loaded, or ale-py prints its banner.
        ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
        return dict(gym.registry)


def atari_options_of(environment: EnvironmentConfig, spec: EnvSpec) -> AtariOptions | None:
    """Return how an Atari game is to be presented, or None when the environment is none.

    :raises ConfigError: its kwargs are not what Atari games take
    """
    from trainer.envs.atari_options import atari_options, is_atari

    if not is_atari(spec.entry_point, environment.kwargs):
        return None
    return atari_options(
        environment.id,
        spec.kwargs,
        environment.kwargs,
        frame_stack=environment.frame_stack,
        max_episode_steps=environment.max_episode_steps,
    )
