"""One copy of an environment, as every backend but the native one runs it and as videos show it.

The order from inside out: the environment with its time limit (or an Atari game with its preprocessing), the raw
return, the configuration's wrappers, the episode report. Stable-Baselines3 is not imported here, so a worker or
the catalogue can make an environment without it.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import gymnasium as gym
from gymnasium import spaces
from gymnasium.envs.registration import load_env_creator
from gymnasium.wrappers import FlattenObservation

from trainer.envs.atari_game import AtariGame
from trainer.envs.catalogue import require
from trainer.envs.episodes import EpisodeReport, RawReturn
from trainer.envs.registry import atari_options_of, making
from trainer.envs.rendering import choose_mujoco_backend, lighten_mujoco, prepare_pygame, quieten_mujoco
from trainer.envs.wrappers import wrap
from trainer.errors import ConfigError, Fault, PalaestraError

if TYPE_CHECKING:
    from trainer.config.environment import EnvironmentConfig

# What a constructor says in words of its own; of anything else its kind is told too.
_REFUSALS = (TypeError, ValueError, AssertionError, ImportError, gym.error.Error)


class NoPictureError(PalaestraError):
    """A picture was wanted of an environment that draws none."""


def make_single(environment: EnvironmentConfig, render_mode: str | None = None) -> gym.Env[Any, Any]:
    """Return one copy of an environment inside its wrappers, reporting its episodes.

    :param render_mode: `rgb_array` or None
    :raises ConfigError: the id is unknown, something that it needs is missing, or an argument is refused
    :raises NoPictureError: it is to draw itself and cannot
    """
    env = make_bare(environment, render_mode)
    env = wrap(env, [(wrapper.given_name, wrapper.kwargs) for wrapper in environment.wrappers])
    if isinstance(env.observation_space, spaces.Tuple) and env.observation_space.is_np_flattenable:
        # No policy takes a tuple; its parts side by side (one-hot where discrete) say the same.
        env = FlattenObservation(env)
    return EpisodeReport(env)


def make_bare(environment: EnvironmentConfig, render_mode: str | None = None) -> gym.Env[Any, Any]:
    """Return one copy of an environment without the configuration's wrappers, with its raw return.

    :raises ConfigError: as `make_single` does
    """
    spec = require(environment.id)
    options = atari_options_of(environment, spec)
    if options is not None:
        with making:
            return AtariGame(options, render_mode)
    is_mujoco = str(spec.entry_point).startswith(("gymnasium.envs.mujoco", "gymnasium_robotics."))
    return RawReturn(_make_registered(environment, render_mode, is_mujoco=is_mujoco))


def make_plain(environment_id: str, render_mode: str | None = None, **given: Any) -> gym.Env[Any, Any]:
    """Return a registered environment as Gymnasium makes it; whoever tries one out for training makes it this way too.

    No render mode is given where none is wanted, as many constructors take none; but one that names it is told None,
    as it may draw on the screen unless it is told otherwise.

    :param given: what else `gymnasium.make` takes
    :raises NoPictureError: a picture is wanted, and its constructor takes no render mode
    """
    wanted: dict[str, Any] = (
        {} if render_mode is None and not _names_render_mode(environment_id) else {"render_mode": render_mode}
    )
    try:
        return gym.make(environment_id, disable_env_checker=True, **wanted, **given)
    except TypeError as error:
        if render_mode is None or "unexpected keyword argument 'render_mode'" not in str(error):
            raise
        message = f"{environment_id} has no picture of itself: its __init__ takes no render_mode."
        raise NoPictureError(message) from error


def _names_render_mode(environment_id: str) -> bool:
    spec = gym.spec(environment_id)
    creator: Any = spec.entry_point
    try:
        names = inspect.signature(load_env_creator(creator) if isinstance(creator, str) else creator).parameters
    except (TypeError, ValueError):
        return "render_mode" in spec.kwargs
    return "render_mode" in spec.kwargs or "render_mode" in names


def refused(environment: EnvironmentConfig, error: BaseException) -> ConfigError:
    """Return what making an environment raised, in terms of the configuration."""
    at = "environment.kwargs" if environment.kwargs else "environment.id"
    known = isinstance(error, _REFUSALS) and str(error)
    said = str(error) if known else f"{type(error).__name__}: {error}".removesuffix(": ")
    return ConfigError([Fault(at, f"{environment.id} cannot be made: {said}")])


def _make_registered(environment: EnvironmentConfig, render_mode: str | None, *, is_mujoco: bool) -> gym.Env[Any, Any]:
    if is_mujoco and render_mode is not None:
        choose_mujoco_backend()
    try:
        with making:
            if is_mujoco:
                quieten_mujoco()
            elif render_mode is not None:
                prepare_pygame()
            limit = environment.max_episode_steps
            env = make_plain(environment.id, render_mode, max_episode_steps=limit, **environment.kwargs)
    except NoPictureError:
        raise
    except (Exception, SystemExit) as error:  # anybody's code: whatever its constructor does is told
        raise refused(environment, error) from error
    if is_mujoco and render_mode is not None:
        lighten_mujoco(env)
    return env
