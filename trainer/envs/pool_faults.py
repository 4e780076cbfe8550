"""Whether a configuration can run on EnvPool, in words, before anything is started.

Nothing is loaded unless EnvPool was asked for: importing it takes seconds.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib import util

from trainer.config.environment import EnvironmentConfig
from trainer.envs.atari_options import AtariOptions
from trainer.envs.catalogue import require
from trainer.envs.optional import install_command
from trainer.envs.registry import atari_options_of
from trainer.errors import ConfigError, Fault

_AT = "environment.backend"


def pool_faults(environment: EnvironmentConfig) -> list[Fault]:
    """Return what keeps an environment from running on EnvPool; nothing where another backend was chosen."""
    if environment.backend != "envpool":
        return []
    if util.find_spec("envpool") is None:
        return [Fault(_AT, "EnvPool is not installed", _how_to_install())]
    try:
        game = atari_options_of(environment, require(environment.id))
    except ConfigError:
        return []  # said where the id and its arguments are looked at
    reason = _obstacle(environment, game)
    return [] if reason is None else [Fault(_AT, f"{environment.id} cannot run on EnvPool: {reason}", "Choose auto.")]


def task_of(environment: EnvironmentConfig, game: AtariOptions | None) -> str:
    """Return what EnvPool calls an environment; it may not have it."""
    if game is None:
        return environment.id
    return f"{''.join(part.capitalize() for part in game.game.split('_'))}-v5"


def _obstacle(environment: EnvironmentConfig, game: AtariOptions | None) -> str | None:
    if environment.wrappers:
        return "wrappers stand around single copies"
    if game is not None and not isinstance(game.frameskip, int):
        return "it does not offer a frame skip drawn at random"
    if game is not None and not game.maxpool:
        return "it always shows the brighter of two frames"
    task = task_of(environment, game)
    names = _names()
    return names if isinstance(names, str) else None if task in names else f"it has no {task}"


@lru_cache(maxsize=1)
def _names() -> frozenset[str] | str:
    """Return the names of EnvPool's environments, or why it cannot be loaded."""
    try:
        import envpool
    except Exception as error:  # noqa: BLE001  # a package of somebody else's that may lack anything
        return f"it cannot be loaded ({type(error).__name__}: {error})"
    return frozenset(envpool.list_all_envs())


def _how_to_install() -> str:
    if not sys.platform.startswith("linux"):
        return "Choose auto: EnvPool is made for Linux."
    return f"Choose auto, or install it (740 MB): {install_command('envpool')}"
