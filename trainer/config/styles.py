"""Five ways to train the same preset: what each changes for each algorithm, and why.

Every rule works on the preset's own values and yields nothing where the algorithm has no such setting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trainer.config.algorithms import OffPolicyConfig, OnPolicyConfig
from trainer.config.algorithms.on_policy import A2CConfig, TRPOConfig
from trainer.config.run import RunConfig
from trainer.config.values import parse_schedule

Rule = tuple[str, Any, str]
STYLES = ("balanced", "explore", "exploit", "fast", "stable")

_MOST_COPIES = 64
_LEAST_ROLLOUT = 16  # steps of each copy
_LARGEST_BATCH = 4096


def style_values(own: RunConfig, style: str) -> dict[str, tuple[Any, str]]:
    """Return the settings of a style by path, each with its reason; `balanced` has none of its own."""
    rules = _STYLES[style](own)
    return {path: (value, why) for path, value, why in rules}


def _balanced(_: RunConfig) -> Iterator[Rule]:
    yield from ()


def _explore(own: RunConfig) -> Iterator[Rule]:
    settings: Any = own.algorithm
    entropy = getattr(settings, "ent_coef", None)
    if isinstance(entropy, (int, float)):
        more = min(max(entropy * 3, 0.01), max(entropy, 0.1))
        yield "algorithm.ent_coef", _tidy(more), "Rewards undecided actions more, so that the policy settles later."
    if hasattr(settings, "exploration_fraction"):
        share = min(settings.exploration_fraction * 2, 0.5)
        if share > settings.exploration_fraction:
            yield "algorithm.exploration_fraction", _tidy(share), "Random actions fade over a longer part of the run."
        last = min(max(settings.exploration_final_eps * 2, 0.05), 0.2)
        if last > settings.exploration_final_eps:
            yield "algorithm.exploration_final_eps", _tidy(last), "More random actions to the end."
    yield from _noise(own, 2.0, "Stronger noise on the actions tries more of them out.")
    if hasattr(settings, "learning_starts"):
        starts = min(max(settings.learning_starts * 2, 1000), own.training.total_timesteps // 5)
        if starts > settings.learning_starts:
            yield "algorithm.learning_starts", starts, "More random steps before learning begins."
    if isinstance(own.algorithm, TRPOConfig):
        why = "A wider trust region strays further from the policy of the moment."
        yield "algorithm.target_kl", _tidy(settings.target_kl * 2), why
    if hasattr(settings, "delta_std"):
        yield "algorithm.delta_std", _scaled(settings.delta_std, 2.0), "Wider perturbations look further around."


def _exploit(own: RunConfig) -> Iterator[Rule]:
    settings: Any = own.algorithm
    entropy = getattr(settings, "ent_coef", None)
    if isinstance(entropy, (int, float)) and entropy > 0:
        yield "algorithm.ent_coef", _tidy(entropy / 10), "Settles sooner on what has paid so far."
    if hasattr(settings, "exploration_fraction"):
        share = settings.exploration_fraction / 2
        yield "algorithm.exploration_fraction", _tidy(share), "Random actions fade in half the time."
        last = min(settings.exploration_final_eps, max(settings.exploration_final_eps / 2, 0.01))
        yield "algorithm.exploration_final_eps", _tidy(last), "Fewer random actions to the end."
    yield from _noise(own, 0.5, "Weaker noise keeps closer to what has paid so far.")
    if hasattr(settings, "n_epochs"):
        yield "algorithm.n_epochs", int(settings.n_epochs * 1.5 + 0.5), "Learns more from each rollout."
    elif isinstance(own.algorithm, OffPolicyConfig) and getattr(settings, "gradient_steps", -1) > 0:
        yield "algorithm.gradient_steps", settings.gradient_steps * 2, "Learns more from what has been collected."
    if isinstance(own.algorithm, A2CConfig):
        yield "algorithm.learning_rate", _scaled(settings.learning_rate, 1.5), "Larger steps towards what has paid."
    if hasattr(settings, "n_critic_updates"):
        yield "algorithm.n_critic_updates", settings.n_critic_updates * 2, "Learns more from each rollout."
    if hasattr(settings, "n_delta"):
        top = settings.n_top or settings.n_delta
        yield "algorithm.n_top", max(1, top // 2), "Follows only the best of the directions it has tried."


def _fast(own: RunConfig) -> Iterator[Rule]:
    settings: Any = own.algorithm
    copies = own.environment.n_envs
    if isinstance(own.algorithm, OnPolicyConfig):
        yield from _more_copies(own)
        if hasattr(settings, "n_epochs") and settings.n_epochs > 3:
            yield "algorithm.n_epochs", max(3, settings.n_epochs // 2), "Fewer passes over each rollout cost less time."
        if getattr(settings, "batch_size", None):
            batch = _larger_batch(own)
            if batch > settings.batch_size:
                yield "algorithm.batch_size", batch, "Larger batches use the hardware better."
    elif isinstance(own.algorithm, OffPolicyConfig) and getattr(settings, "train_freq_unit", "step") == "step":
        yield (
            "algorithm.train_freq",
            settings.train_freq * 4,
            "Updates in longer stretches, with fewer changes between.",
        )
        if settings.gradient_steps > 0:
            why = "Half as many gradient steps for each environment step."
            yield "algorithm.gradient_steps", settings.gradient_steps * 2, why
        elif settings.gradient_steps == -1 and settings.train_freq * copies > 1:
            why = "Half as many gradient steps for each environment step."
            yield "algorithm.gradient_steps", settings.train_freq * copies * 2, why
    yield "evaluation.frequency", own.evaluation.frequency * 2, "Half as many evaluations on the way."


def _stable(own: RunConfig) -> Iterator[Rule]:
    settings: Any = own.algorithm
    if hasattr(settings, "learning_rate"):
        yield "algorithm.learning_rate", _scaled(settings.learning_rate, 0.5), "Smaller steps overshoot less."
    if getattr(settings, "batch_size", None):
        batch = _larger_batch(own)
        if batch > settings.batch_size:
            yield "algorithm.batch_size", batch, "Larger batches give steadier gradients."
    if hasattr(settings, "clip_range"):
        yield "algorithm.clip_range", _scaled(settings.clip_range, 0.75), "Each update stays closer to the old policy."
    if isinstance(own.algorithm, TRPOConfig):
        yield "algorithm.target_kl", _tidy(settings.target_kl / 2), "Each update stays closer to the old policy."
    elif getattr(settings, "target_kl", 0) is None:
        yield "algorithm.target_kl", 0.03, "An update that has moved the policy too far ends early."
    tau = getattr(settings, "tau", 1.0)
    if tau < 1:
        yield "algorithm.tau", _tidy(tau / 2), "The target networks follow more slowly."
    elif hasattr(settings, "target_update_interval"):
        interval = settings.target_update_interval * 2
        yield "algorithm.target_update_interval", interval, "The target network stays the same for longer."
    if hasattr(settings, "policy_delay"):
        yield (
            "algorithm.policy_delay",
            settings.policy_delay + 1,
            "The critics have longer to settle for each step of the actor.",
        )
    if hasattr(settings, "n_delta"):
        yield "algorithm.n_delta", settings.n_delta * 2, "Averages over more perturbations."
    yield "evaluation.episodes", own.evaluation.episodes * 2, "More episodes make evaluations less noisy."


_STYLES: Mapping[str, Callable[[RunConfig], Iterator[Rule]]] = {
    "balanced": _balanced,
    "explore": _explore,
    "exploit": _exploit,
    "fast": _fast,
    "stable": _stable,
}


def _noise(own: RunConfig, factor: float, why: str) -> Iterator[Rule]:
    noise = getattr(own.algorithm, "action_noise", None)
    if noise is None or getattr(own.algorithm, "use_sde", False):
        return
    sigma = getattr(noise, "sigma", None)
    if sigma is not None:
        yield "algorithm.action_noise.sigma", _tidy(min(sigma * factor, max(sigma, 0.6))), why
    elif factor > 1:
        yield "algorithm.action_noise", {"kind": "normal", "sigma": 0.1}, why


def _more_copies(own: RunConfig) -> Iterator[Rule]:
    """Twice the copies for half as long: the same rollout in less time."""
    copies, steps = own.environment.n_envs, getattr(own.algorithm, "n_steps", 0)
    if copies * 2 <= _MOST_COPIES and steps >= 2 * _LEAST_ROLLOUT and steps % 2 == 0:
        why = "Twice as many copies for half as long: the same rollout in less time."
        yield "environment.n_envs", copies * 2, why
        yield "algorithm.n_steps", steps // 2, why
    elif copies * 2 <= _MOST_COPIES:
        yield "environment.n_envs", copies * 2, "Twice as many copies collect more in the same time."


def _larger_batch(own: RunConfig) -> int:
    """Return twice the batch size, but no more than a rollout holds and a number that divides it."""
    settings: Any = own.algorithm
    batch = int(settings.batch_size)
    wanted = min(batch * 2, max(_LARGEST_BATCH, batch))
    if not isinstance(own.algorithm, OnPolicyConfig):
        return wanted
    rollout = own.environment.n_envs * getattr(settings, "n_steps", 0)
    return wanted if wanted <= rollout and rollout % wanted == 0 else batch


def _scaled(value: float | str, factor: float) -> float | str:
    """Return a number or a schedule times a factor."""
    number = _tidy(parse_schedule(value).initial * factor)
    return f"{value.partition('_')[0]}_{number:g}" if isinstance(value, str) and "_" in value else number


def _tidy(number: float) -> float:
    """Return a number without the dust of its calculation."""
    return float(f"{number:.4g}")
