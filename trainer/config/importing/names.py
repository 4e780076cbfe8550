"""What other programs call algorithms and environments, and what those are called here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from trainer.config.algorithms import ALGORITHMS
from trainer.errors import nearest

_ALGORITHMS = {
    "ppo_lstm": "recurrent_ppo",
    "ppolstm": "recurrent_ppo",
    "lstm_ppo": "recurrent_ppo",
    "recurrentppo": "recurrent_ppo",
    "maskableppo": "maskable_ppo",
    "ppo_mask": "maskable_ppo",
    "qr_dqn": "qrdqn",
    "cross_q": "crossq",
    "proximal_policy_optimization": "ppo",
    "soft_actor_critic": "sac",
    "advantage_actor_critic": "a2c",
    "deep_q_network": "dqn",
    "double_dqn": "dqn",
    "ddqn": "dqn",
}

_MUJOCO = (
    "Ant",
    "HalfCheetah",
    "Hopper",
    "Humanoid",
    "HumanoidStandup",
    "InvertedDoublePendulum",
    "InvertedPendulum",
    "Pusher",
    "Reacher",
    "Swimmer",
    "Walker2d",
)
_FETCH = ("FetchReach", "FetchPush", "FetchSlide", "FetchPickAndPlace")
_NEWEST = {
    "Pendulum": 1,
    "LunarLander": 3,
    "LunarLanderContinuous": 3,
    "BipedalWalker": 3,
    "BipedalWalkerHardcore": 3,
    "CarRacing": 3,
    **dict.fromkeys(_MUJOCO, 5),
    **dict.fromkeys(_FETCH, 4),
}
_VERSIONED = re.compile(r"(?P<name>[^/\s]+)-v(?P<version>\d+)")
_MASKED = "NoVel"

ATARI_FAMILY = "atari"
DEFAULT_ENTRY = "default"
ATARI_EXAMPLE = "PongNoFrameskip-v4"


@dataclass(frozen=True)
class Environment:
    """An environment as it is called here.

    :param id: registered id
    :param wrappers: what has to stand around each copy for it to be the same task
    :param note: what is different from the name that was given; empty when nothing is
    :param around: why the wrappers stand there; empty when there are none
    """

    id: str
    wrappers: tuple[dict[str, Any], ...] = ()
    note: str = ""
    around: str = ""


def algorithm_called(name: str) -> str | None:
    """Return our name of an algorithm that another program calls `name`, or None when there is none."""
    plain = re.sub(r"[\s-]+", "_", name.strip().lower())
    known = _ALGORITHMS.get(plain, plain)
    return known if known in ALGORITHMS else None


def nearest_algorithm(name: str) -> str | None:
    """Return the algorithm whose name is closest, or None."""
    return nearest(name.strip().lower(), (*ALGORITHMS, *_ALGORITHMS))


def environment_called(name: str) -> Environment:
    """Return what an environment is called here: in its newest version, masked velocities as a wrapper."""
    versioned = _VERSIONED.fullmatch(name)
    if versioned is None:
        return Environment(name)
    bare, version = versioned["name"], int(versioned["version"])
    masked = bare.endswith(_MASKED)
    bare = bare.removesuffix(_MASKED) if masked else bare
    newest = max(version, _NEWEST.get(bare, version))
    note = f"{name} is an older version of {bare}-v{newest}, whose task is the same." if newest != version else ""
    if not masked:
        return Environment(f"{bare}-v{newest}", note=note)
    around = "The velocities are hidden by the wrapper mask_velocity."
    return Environment(f"{bare}-v{newest}", ({"name": "mask_velocity"},), note, around)


def is_atari(environment: str) -> bool:
    """Return whether an id is that of an Atari game that shows its screen."""
    return environment.startswith("ALE/") or "NoFrameskip-v" in environment
