"""How much memory the buffers of a run take: the layouts of `algorithms/fast` in numbers, without making them.

Tests hold these numbers to the arrays themselves. None always means that it is not known, never nothing.
"""

from __future__ import annotations

from trainer.amounts import size
from trainer.config.algorithms import MaskablePPOConfig, OffPolicyConfig, OnPolicyConfig, RecurrentPPOConfig
from trainer.config.placement import has_own_buffer, keeps_infos
from trainer.config.run import RunConfig
from trainer.config.spaces import Spaces
from trainer.errors import Fault

_TIMEOUTS = "handle_timeout_termination"
_NOTHING_FITS = "Nothing fits: free some memory."
# Where memory is used to the last byte the next allocation of anybody ends a program.
_SENSIBLE_PART = 0.8


def replay_bytes(config: RunConfig, spaces: Spaces) -> int | None:
    """Return the bytes of a run's replay buffer once it is full; 0 where there is none."""
    algorithm = config.algorithm
    if not isinstance(algorithm, OffPolicyConfig):
        return 0
    if spaces.observation_bytes is None or spaces.action_bytes is None:
        return None
    rings = replay_rings(config, spaces)
    if rings is not None:
        return sum(rows * size for rows, size in rings)
    copies = config.environment.n_envs
    kept = 1 if algorithm.optimize_memory_usage else 2
    # Rewards, ends and cuts are single floats there; hindsight notes two whole numbers beside them.
    named = (algorithm.replay_buffer_class or "").endswith("HerReplayBuffer")
    goals = 16 if named or getattr(algorithm, "hindsight", False) else 0
    row = kept * spaces.observation_bytes + spaces.action_bytes + 12 + goals
    return max(algorithm.buffer_size // copies, 1) * copies * row


def replay_rings(config: RunConfig, spaces: Spaces) -> list[tuple[int, int]] | None:
    """Return rows and bytes of a row of each array in a replay buffer of ours; None where it is not one of ours."""
    algorithm, copies = config.algorithm, config.environment.n_envs
    if not isinstance(algorithm, OffPolicyConfig) or not algorithm.own_generators:
        return None
    if has_own_buffer(config) or keeps_infos(config) or spaces.observation_bytes is None or spaces.action_bytes is None:
        return None
    steps, observation = max(algorithm.buffer_size // copies, 1), spaces.observation_bytes
    # Actions, rewards, ends, and which of them are cuts.
    rings = [(steps, copies * size) for size in (spaces.action_bytes, 4, 1, 1)]
    if getattr(algorithm, "hindsight", False):
        # Where the episode of each transition began, and how long it was.
        return [*rings, *[(steps, copies * 8)] * 2, *[(steps, copies * observation)] * 2]
    if _kept_by_frames(config, spaces):
        ring = steps + steps // 16 + 8 * (spaces.stacked_frames + 1)
        return [*rings, (steps, 8 * copies), *[(ring, observation // spaces.stacked_frames)] * copies]
    bootstraps = bool((algorithm.replay_buffer_kwargs or {}).get(_TIMEOUTS, True))
    shared = algorithm.optimize_memory_usage and not bootstraps and algorithm.n_steps == 1
    return [*rings, *[(steps, copies * observation)] * (1 if shared else 2)]


def _kept_by_frames(config: RunConfig, spaces: Spaces) -> bool:
    """Whether `FrameReplay` keeps the frames of stacked images once each."""
    environment, stack, shape = config.environment, spaces.stacked_frames, spaces.observation_shape
    if spaces.observation_kind != "image" or not shape or stack <= 1 or shape[0] % stack != 0:
        return False
    normalized = environment.normalize_observation or environment.normalize_reward
    return not normalized and isinstance(config.algorithm, OffPolicyConfig) and config.algorithm.n_steps == 1


def rollout_bytes(config: RunConfig, spaces: Spaces) -> int | None:
    """Return the bytes of what PPO and A2C collect before they learn from it; 0 where nothing is collected so."""
    algorithm = config.algorithm
    if not isinstance(algorithm, OnPolicyConfig) or not hasattr(algorithm, "n_steps"):
        return 0
    if spaces.observation_bytes is None or spaces.action_bytes is None:
        return None
    # Rewards, values, log-probabilities, advantages, returns and whether the episode goes on.
    row = spaces.observation_bytes + spaces.action_bytes + 24
    if isinstance(algorithm, RecurrentPPOConfig):
        # Both parts of the memory, of actor and critic.
        row += 4 * 4 * config.policy.n_lstm_layers * config.policy.lstm_hidden_size
    if isinstance(algorithm, MaskablePPOConfig):
        # Of a choice between yes and no, either may be forbidden.
        row += 4 * (spaces.action_size or 0) * (2 if spaces.action_kind == "multi_binary" else 1)
    return int(algorithm.n_steps) * config.environment.n_envs * row


def memory_fault(config: RunConfig, needed: int, free: int, left: str = "") -> Fault | None:
    """Return the fault of a replay buffer or rollout that does not fit, with a size that does; None where it fits.

    :param needed: bytes of the whole of it
    :param free: bytes that may be taken
    :param left: how the message says what may be taken; how much is free when empty
    """
    algorithm, copies = config.algorithm, config.environment.n_envs
    if needed <= free:
        return None
    share = max(0, free) / needed * _SENSIBLE_PART
    if isinstance(algorithm, OffPolicyConfig):
        fits = _rounded_down(int(algorithm.buffer_size * share))
        return not_enough_memory(max(algorithm.buffer_size // copies, 1) * copies, needed, free, fits, left)
    steps = int(getattr(algorithm, "n_steps", 0))
    fits = _rounded_down(int(steps * share))
    rows = steps * copies
    message = f"{size(needed)} of memory are needed for {rows:,} steps of a rollout, and {left or _left(free)}"
    hint, fix = _NOTHING_FITS, None
    if fits > 0:
        hint, fix = f"At most {fits:,} of each copy fit.", {"algorithm.n_steps": fits}
    return Fault("algorithm.n_steps", message, hint, fix)


def not_enough_memory(transitions: int, needed: int, free: int, fits: int, left: str = "") -> Fault:
    """Return the fault of a buffer that does not fit.

    :param transitions: it was to hold
    :param fits: how many transitions do fit
    :param left: as in `memory_fault`
    """
    message = f"{size(needed)} of memory are needed for {transitions:,} transitions, and {left or _left(free)}"
    hint, fix = _NOTHING_FITS, None
    if fits > 0:
        hint, fix = f"At most {fits:,} fit.", {"algorithm.buffer_size": fits}
    return Fault("algorithm.buffer_size", message, hint, fix)


def _left(free: int) -> str:
    return f"{size(free)} are free"


def _rounded_down(number: int) -> int:
    """Return the number with two leading digits: what somebody would type."""
    scale: int = 10 ** max(0, len(str(number)) - 2)
    return number // scale * scale
