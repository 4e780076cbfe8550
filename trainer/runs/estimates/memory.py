"""How much main memory a run will take, part by part.

Buffers are known exactly. Networks and minibatches follow from their layouts. What copies of an environment take was
measured (Linux, 2 cores, x86-64) for the families that come with the program; of others nothing is said.
"""

from __future__ import annotations

import sys
from math import prod

from trainer.amounts import counted
from trainer.config import RunConfig
from trainer.config.algorithms import OffPolicyConfig
from trainer.config.sizes import replay_bytes, rollout_bytes
from trainer.config.spaces import Spaces
from trainer.envs import catalogue
from trainer.envs.entry_points import placed
from trainer.errors import ConfigError
from trainer.runs.estimates.networks import Networks
from trainer.runs.estimates.parts import Part

_MB = 10**6
# PyTorch and Stable-Baselines3 once they are loaded; a process of its own loads all else a second time.
_LIBRARIES, _PROCESS = 170 * _MB, 300 * _MB
_RUN = 10 * _MB  # episodes under way, charts to be written, an environment to be examined in
# Of one more copy in this process, and in a worker process of its own.
_COPY = {
    "classic_control": _MB // 100,
    "toy_text": _MB // 100,
    "box2d": _MB // 10,
    "mujoco": _MB // 2,
    "atari": 3 * _MB // 2,
}
_WORKER = {"classic_control": 16 * _MB, "toy_text": 16 * _MB, "box2d": 20 * _MB, "mujoco": 28 * _MB, "atari": 16 * _MB}
# How many arrays of the size of all layers' results an update takes, forwards and backwards. CrossQ puts the following
# observations beside the present ones and keeps what its normalisation makes of each layer: measured from a batch of
# 256 to 1,024.
_USUAL_COPIES, _COPIES_OF_LAYERS = 3, {"crossq": 17}
# The loss of QR-DQN and TQC holds 7 arrays at once of the size of all pairs of quantiles. Measured from a batch of 16
# to 4,096: of arrays up to 32 MiB the C library keeps what was freed, and 20 are taken in all.
_COPIES_OF_PAIRS, _COPIES_OF_SMALL_PAIRS, _GIVEN_BACK = 7, 20, 32 * 2**20
_LEAST_WORTH_SAYING = _MB
_BUFFERS = ("replay", "rollout")  # which somebody may be looking for


def memory_parts(config: RunConfig, spaces: Spaces, networks: Networks | None, steps: int | None) -> tuple[Part, ...]:
    """Return what takes memory, the largest first.

    :param steps: environment steps of the whole run; None when its length is a time and no speed is known
    """
    parts = [
        *_buffers(config, spaces, steps),
        _networks(config, networks),
        _minibatch(config, spaces, networks),
        _environments(config),
        _program(config),
    ]
    said = [part for part in parts if part.bytes is None or part.name in _BUFFERS or part.bytes >= _LEAST_WORTH_SAYING]
    return tuple(sorted(said, key=lambda part: -(part.bytes or 0)))


def _buffers(config: RunConfig, spaces: Spaces, steps: int | None) -> list[Part]:
    algorithm = config.algorithm
    if isinstance(algorithm, OffPolicyConfig):
        whole = replay_bytes(config, spaces)
        if whole is None:
            return [Part("replay", None, "unknown", "replay buffer: observations of this kind are not measured")]
        held = algorithm.buffer_size if steps is None else min(steps, algorithm.buffer_size)
        about = counted(held, "transition")
        if held < algorithm.buffer_size:
            # Its pages are taken as they are written, so a short run leaves most of them alone.
            about = f"{about} of the {algorithm.buffer_size:,} there is room for"
        return [Part("replay", whole * held // algorithm.buffer_size, "exact", about)]
    found = rollout_bytes(config, spaces)
    if found is None:
        return [Part("rollout", None, "unknown", "rollout: observations of this kind are not measured")]
    rows = int(getattr(algorithm, "n_steps", 0)) * config.environment.n_envs
    return [Part("rollout", found, "exact", f"{counted(rows, 'step')} of a rollout")] if found else []


def _networks(config: RunConfig, networks: Networks | None) -> Part:
    if networks is None:
        return Part(
            "networks", None, "unknown", f"networks of {config.algorithm.label}, whose layout is not known here"
        )
    return Part("networks", networks.memory_bytes, "rough", f"{counted(networks.trained, 'parameter')} that learn")


def _minibatch(config: RunConfig, spaces: Spaces, networks: Networks | None) -> Part:
    algorithm = config.algorithm
    batch = getattr(algorithm, "batch_size", None)
    if batch is None:  # a whole rollout at once
        batch = int(getattr(algorithm, "n_steps", 0)) * config.environment.n_envs
    if networks is None:
        return Part("minibatch", 0, "rough", "")
    copies = _COPIES_OF_LAYERS.get(algorithm.name, _USUAL_COPIES)
    numbers = prod(spaces.observation_shape or (0,)) + copies * networks.activations
    layers, pairs = 4 * batch * numbers, 4 * batch * networks.pairs
    if not pairs:
        return Part("minibatch", layers, "rough", f"layers of the networks for a batch of {batch:,}")
    pairs *= _COPIES_OF_PAIRS if pairs > _GIVEN_BACK else _COPIES_OF_SMALL_PAIRS
    return Part("minibatch", layers + pairs, "rough", f"quantiles compared with each other, batch of {batch:,}")


def _environments(config: RunConfig) -> Part:
    environment = config.environment
    about = counted(environment.n_envs, "copy", "copies")
    try:
        family = catalogue.find(environment.id).family
    except ConfigError:
        return Part("environments", None, "unknown", f"{about} of an environment that is not registered")
    table = _WORKER if environment.backend == "subprocess" else _COPY
    each = None if environment.wrappers else table.get(family)
    if each is None:
        return Part("environments", None, "unknown", f"{about} of an environment that nobody has measured")
    if environment.backend == "subprocess":
        about = f"{about}, each in a process of its own"
    return Part("environments", environment.n_envs * each, "rough", about)


def _program(config: RunConfig) -> Part:
    if placed(config).executor == "process":
        return Part("program", _PROCESS, "rough", "the program once more, in a process of the run's own")
    if "torch" in sys.modules:
        return Part("program", _RUN, "rough", "what any run needs for itself")
    return Part("program", _LIBRARIES, "rough", "libraries that the first run loads")
