"""How long a run is, and what is measured, kept, filmed and logged on the way."""

from __future__ import annotations

from typing import Literal

from trainer.config import sources
from trainer.config.fields import LARGEST, Section, setting

_LENGTH = "Length"
_MACHINE = "Machine"
_SCHEDULE = "When"
_THRESHOLD = "Threshold"
_PICTURE = "Picture"
_LONGEST = 10**9  # seconds: thirty years


class TrainingConfig(Section):
    """Length, seed and machine."""

    total_timesteps: int = setting(
        100_000,
        "Total steps",
        "Environment steps, summed over all copies. Schedules and milestones are measured against it. A duration "
        "replaces it.",
        sources.SB3_BASE,
        _LENGTH,
        ge=1,
        unit="steps",
        required=True,
    )
    duration_seconds: float | None = setting(
        None,
        "Duration",
        "Train for this long instead of for a number of steps: 2 h, 90 min, 1:30:00 or 45 s. Time spent paused does "
        "not count. Configurations hold it in seconds.",
        sources.PALAESTRA,
        _LENGTH,
        gt=0,
        le=_LONGEST,
        kind="duration",
        example="2 h",
        none_label="train for the total steps",
    )
    seed: int = setting(
        0,
        "Seed",
        "Start of all random numbers. The same seed and settings give the same run, number for number, on the same "
        "processor, whatever else is running beside it.",
        sources.SB3_TIPS,
        _MACHINE,
        ge=0,
        le=2**32 - 1,
    )
    device: str = setting(
        "auto",
        "Device",
        "Where the networks live. auto takes a GPU where one helps.",
        sources.SB3_BASE,
        _MACHINE,
        kind="open_choice",
        choices=("auto", "cpu", "cuda", "cuda:0", "mps"),
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
    )
    precision: Literal["auto", "fp32", "bf16"] = setting(
        "auto",
        "Precision",
        "Width of the numbers that image networks of PPO, A2C, DQN and QR-DQN calculate in. bf16 is half as wide and "
        "two to eight times as fast where the hardware knows it; fp32 is the algorithm to the letter. auto takes bf16 "
        "on such hardware. All else is fp32.",
        sources.TORCH_AUTOCAST,
        _MACHINE,
    )
    torch_compile: bool = setting(
        False,
        "Compile networks",
        "Have torch.compile translate image networks (PPO, A2C, DQN, QR-DQN) first; it takes up to a minute and needs "
        "a C++ compiler. Where that fails the run goes on without and says so in its log.",
        sources.TORCH_COMPILE,
        _MACHINE,
        advanced=True,
    )
    torch_threads: int = setting(
        0,
        "Torch threads",
        "CPU threads for the arithmetic of the networks. 0 chooses: one for the small networks of PPO and A2C, such as "
        "two layers of 64 on flat observations, which are fastest so; every core for larger ones and images.",
        sources.TORCH_THREADS,
        _MACHINE,
        ge=0,
        le=1024,
        advanced=True,
    )
    log_interval: int | None = setting(
        None,
        "Log interval",
        "Write training metrics every so many rollouts (PPO, A2C and their kin) or episodes (the others). Empty takes "
        "the algorithm's own: 100 for A2C, 4 for those with a replay buffer, 1 for the others.",
        sources.SB3_BASE,
        _MACHINE,
        ge=1,
        le=LARGEST,
        none_label="the algorithm's own",
        advanced=True,
    )
    watchdog_seconds: float | None = setting(
        300.0,
        "Watchdog",
        "Give the run up when its environment has not answered for so long, so that its place is free for others. "
        "Updates, saves and pauses are not counted. Empty waits for ever.",
        sources.PALAESTRA,
        _MACHINE,
        gt=0,
        le=_LONGEST,
        unit="s",
        none_label="wait for ever",
        advanced=True,
    )


class EvaluationConfig(Section):
    """How the policy is measured on fresh episodes."""

    enabled: bool = setting(
        True,
        "Evaluate",
        "Measure the policy on separate episodes, with true rewards, and keep the best one.",
        sources.SB3_TIPS,
        _SCHEDULE,
    )
    frequency: int = setting(
        25_000,
        "Every",
        "Steps between two evaluations.",
        sources.SB3_CALLBACKS,
        _SCHEDULE,
        ge=1,
        unit="steps",
        live=True,
    )
    episodes: int = setting(
        5, "Episodes", "Episodes in each evaluation.", sources.SB3_EVALUATION, _SCHEDULE, ge=1, unit="episodes"
    )
    final_episodes: int = setting(
        20,
        "Final episodes",
        "Episodes of the evaluation at the end of the run; 0 leaves it out.",
        sources.SB3_EVALUATION,
        _SCHEDULE,
        ge=0,
        unit="episodes",
    )
    deterministic: bool = setting(
        True,
        "Deterministic",
        "Take the policy's likeliest action instead of drawing one.",
        sources.SB3_EVALUATION,
        _SCHEDULE,
        advanced=True,
    )
    reward_threshold: float | None = setting(
        None,
        "Return threshold",
        "Mean return at which the task counts as solved; a line in the charts.",
        sources.SB3_CALLBACKS,
        _THRESHOLD,
        none_label="none",
    )
    stop_on_threshold: bool = setting(
        False,
        "Stop when solved",
        "End the run at the first evaluation that reaches the threshold.",
        sources.SB3_CALLBACKS,
        _THRESHOLD,
    )


class CheckpointsConfig(Section):
    """When everything needed to go on is written to disk. A run that is stopped or ends always writes one more."""

    enabled: bool = setting(
        True,
        "Keep checkpoints",
        "Save the run from time to time, so that it can go on.",
        sources.SB3_CALLBACKS,
        _SCHEDULE,
    )
    every_steps: int | None = setting(
        None,
        "Every steps",
        "Steps between two checkpoints. Empty does not save by steps.",
        sources.SB3_CALLBACKS,
        _SCHEDULE,
        ge=1,
        le=LARGEST,
        unit="steps",
        none_label="off",
    )
    every_seconds: float | None = setting(
        60.0,
        "Every seconds",
        "Seconds between two checkpoints: the most that a crash can cost. Empty does not save by time.",
        sources.PALAESTRA,
        _SCHEDULE,
        gt=0,
        le=_LONGEST,
        unit="s",
        none_label="off",
    )
    milestones: bool = setting(
        False, "Milestones", "Save at 10 %, 20 % … 100 % of the run; these are all kept.", sources.PALAESTRA, _SCHEDULE
    )
    keep: int = setting(
        3,
        "Keep newest",
        "How many of the regular checkpoints are kept; older ones are deleted.",
        sources.PALAESTRA,
        _SCHEDULE,
        ge=1,
    )


class VideoConfig(Section):
    """When an episode of the present policy is filmed."""

    enabled: bool = setting(
        True, "Record videos", "Film an episode of the policy from time to time.", sources.PALAESTRA, _SCHEDULE
    )
    every_steps: int | None = setting(
        None,
        "Every",
        "Steps between two videos. Empty does not film by steps.",
        sources.PALAESTRA,
        _SCHEDULE,
        ge=1,
        le=LARGEST,
        unit="steps",
        none_label="off",
        live=True,
    )
    milestones: bool = setting(
        True, "Milestones", "Film at 10 %, 20 % … 100 % of the run.", sources.PALAESTRA, _SCHEDULE
    )
    max_length: int = setting(
        2_000,
        "Longest",
        "End a video after this many steps of the agent, even within an episode.",
        sources.PALAESTRA,
        _PICTURE,
        ge=1,
        unit="steps",
    )
    fps: int | None = setting(
        None,
        "Frame rate",
        "Frames per second. Empty plays at the environment's own speed.",
        sources.GYMNASIUM_WRAPPERS,
        _PICTURE,
        ge=1,
        le=240,
        unit="frames/s",
        none_label="environment's own",
        advanced=True,
    )
    deterministic: bool = setting(
        True,
        "Deterministic",
        "Film the policy's likeliest actions instead of drawn ones.",
        sources.SB3_EVALUATION,
        _PICTURE,
        advanced=True,
    )


class TrackingConfig(Section):
    """Where else metrics go; Palaestra's own charts always have them."""

    tensorboard: bool = setting(
        True, "TensorBoard", "Also write TensorBoard files into the run's tb folder.", sources.SB3_TENSORBOARD, "Logs"
    )
