"""Families of environments that come with packages of their own: which there are, which are installed, what brings one.

A package registers its environments with Gymnasium when it is imported. That happens at the first question that
needs it, once, and never here at the top: whoever trains CartPole does not wait for them. (A server asks in the
background once it answers.) One that cannot be imported takes nothing else down; what it said is kept and told.
"""

from __future__ import annotations

import importlib
import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import util

from trainer.envs.hush import hushed
from trainer.subprocesses import command_line

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OptionalFamily:
    """Environments that one package registers.

    :param key: of the family
    :param title: as people know it
    :param module: what is imported to register them
    :param package: what is installed to have them
    :param about: what is in it, in a few words
    :param starts: how its ids begin, so that an id need not load every package there is
    :param wrapper: `module:Class` of the wrapper with which a policy can read its observations, where it needs one
    """

    key: str
    title: str
    module: str
    package: str
    about: str
    starts: tuple[str, ...]
    wrapper: str | None = None

    @property
    def roots(self) -> tuple[str, ...]:
        """First names of the modules that its environments are made from."""
        return (self.module.partition(".")[0],)


OPTIONAL: tuple[OptionalFamily, ...] = (
    OptionalFamily(
        "minigrid",
        "MiniGrid and BabyAI",
        "minigrid",
        "minigrid",
        "small grid worlds with doors, keys and goals given in words",
        ("MiniGrid-", "BabyAI-"),
        # Image, direction and the letters of the mission as one row of numbers, as the RL Zoo trains them.
        wrapper="minigrid.wrappers:FlatObsWrapper",
    ),
    OptionalFamily(
        "highway",
        "Highway driving",
        "highway_env",
        "highway-env",
        "driving, merging, parking and racing seen from above",
        ("highway-", "merge-", "roundabout-", "parking-", "intersection-", "racetrack-", "exit-", "lane-", "u-turn-"),
    ),
    OptionalFamily(
        "robotics",
        "Robotics",
        "gymnasium_robotics",
        "gymnasium-robotics",
        "Fetch and Shadow Hand, mazes, kitchens: robots that are given a goal",
        ("Fetch", "Hand", "Adroit", "AntMaze", "PointMaze", "FrankaKitchen"),
    ),
    OptionalFamily(
        "miniworld",
        "MiniWorld",
        "miniworld",
        "miniworld",
        "rooms and corridors seen through the agent's eyes",
        ("MiniWorld-",),
    ),
    OptionalFamily(
        "panda",
        "Panda robot",
        "panda_gym",
        "panda-gym",
        "a Franka Panda arm that reaches, pushes, slides and stacks",
        ("Panda",),
    ),
    OptionalFamily(
        "pybullet",
        "PyBullet",
        "pybullet_envs_gymnasium",
        "pybullet_envs_gymnasium",
        "locomotion on the Bullet physics engine",
        (
            "AntBullet",
            "HalfCheetahBullet",
            "HopperBullet",
            "HumanoidBullet",
            "Walker2DBullet",
            "ReacherBullet",
            "InvertedPendulumBullet",
            "InvertedPendulumSwingupBullet",
            "InvertedDoublePendulumBullet",
        ),
    ),
    OptionalFamily("flappy", "Flappy Bird", "flappy_bird_gymnasium", "flappy-bird-gymnasium", "one bird", ("Flappy",)),
    OptionalFamily(
        "vizdoom",
        "ViZDoom",
        "vizdoom.gymnasium_wrapper",
        "vizdoom",
        "scenes of the game Doom",
        ("Vizdoom",),
    ),
    OptionalFamily("pyflyt", "PyFlyt", "PyFlyt.gym_envs", "PyFlyt", "drones and rockets that fly", ("PyFlyt/",)),
)

_lock = threading.RLock()
_imported: dict[str, str | None] = {}  # key -> None, or why it could not be imported


def installed(family: OptionalFamily) -> bool:
    """Say whether the package of a family is there, without importing it."""
    return util.find_spec(family.roots[0]) is not None


def problem_of(family: OptionalFamily) -> str | None:
    """Return why an installed family could not be imported; None where it was or nobody has asked for it yet."""
    return _imported.get(family.key)


def register_installed() -> None:
    """Have every installed package register its environments; each is asked once."""
    importlib.invalidate_caches()  # one may have been installed since
    for family in OPTIONAL:
        register(family)


def register_for(environment_id: str) -> Iterator[OptionalFamily]:
    """Have the packages register, those first whose ids begin like this one, and give each that has just done so."""
    for family in sorted(OPTIONAL, key=lambda each: not environment_id.startswith(each.starts)):
        if family.key not in _imported and register(family):
            yield family


def absent_for(environment_id: str) -> OptionalFamily | None:
    """Return the family whose ids begin like this one, where its package is not installed."""
    owner = next((family for family in OPTIONAL if environment_id.startswith(family.starts)), None)
    return None if owner is None or installed(owner) else owner


def register(family: OptionalFamily) -> bool:
    """Have a package register its environments if it is installed; return whether they are registered."""
    from trainer.envs.registry import making

    with _lock, making:
        if family.key in _imported:
            return _imported[family.key] is None
        if not installed(family):
            return False
        try:
            import gymnasium as gym

            with hushed() as said:  # some greet or warn of environments that nobody has asked for
                gym.register_envs(importlib.import_module(family.module))
            if said:
                _log.debug("%s said as it was imported: %s", family.module, "".join(said).strip())
        except (Exception, SystemExit) as error:  # noqa: BLE001  # somebody else's package: whatever it does is told
            _log.warning("%s cannot be imported", family.module, exc_info=error)
            _imported[family.key] = _words(error)
        else:
            _imported[family.key] = None
        return _imported[family.key] is None


def forget_failed() -> None:
    """Ask packages that could not be imported anew at the next question: somebody may have mended them."""
    with _lock:
        for key in [key for key, problem in _imported.items() if problem is not None]:
            del _imported[key]


def family_of_module(module: str) -> OptionalFamily | None:
    """Return the family whose package a module belongs to."""
    root = module.partition(".")[0]
    return next((family for family in OPTIONAL if root in family.roots), None)


def wrapper_for(key: str) -> str | None:
    """Return the wrapper with which a policy can read the observations of a family, where it needs one."""
    return next((family.wrapper for family in OPTIONAL if family.key == key), None)


def install_command(*packages: str) -> str:
    """Return the one line that installs packages for the Python that runs here."""
    return command_line(sys.executable, "-m", "pip", "install", *packages)


def _words(error: BaseException) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" ({place[0].filename}, line {place[0].lineno})" if place else ""
    return f"{type(error).__name__}: {error}{where}"
