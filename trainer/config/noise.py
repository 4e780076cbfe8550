"""Action noise: what deterministic actors add to their actions in order to explore.

One number stands for every action dimension. `kind` decides which settings exist.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trainer.config import sources
from trainer.config.fields import Section, setting

_GROUP = "Exploration"


class NoNoise(Section):
    """Explore without action noise."""

    kind: Literal["none"] = "none"


class NormalNoise(Section):
    """Independent Gaussian noise at every step."""

    kind: Literal["normal"] = "normal"
    sigma: float = setting(
        0.1,
        "Noise sigma",
        "Standard deviation of the noise, on actions scaled to the range -1 to 1.",
        sources.SB3_NOISE,
        _GROUP,
        ge=0,
        live=True,
    )
    mean: float = setting(
        0.0,
        "Noise mean",
        "Centre of the noise. Anything but 0 pushes every action to one side.",
        sources.SB3_NOISE,
        _GROUP,
        advanced=True,
    )


class OrnsteinUhlenbeckNoise(NormalNoise):
    """Noise that drifts and is pulled back to its mean: neighbouring steps are alike."""

    kind: Literal["ornstein_uhlenbeck"] = "ornstein_uhlenbeck"  # type: ignore[assignment]
    theta: float = setting(
        0.15,
        "Noise theta",
        "How strongly the noise is pulled back to its mean; 0 lets it wander freely.",
        sources.PAPER_DDPG,
        _GROUP,
        ge=0,
    )
    dt: float = setting(
        0.01,
        "Noise dt",
        "Time that passes between two steps of the noise. Smaller values change more slowly.",
        sources.SB3_NOISE,
        _GROUP,
        gt=0,
        unit="s",
    )
    initial_noise: float | None = setting(
        None,
        "Initial noise",
        "Where the noise begins in each episode. Empty starts at 0.",
        sources.SB3_NOISE,
        _GROUP,
        advanced=True,
        none_label="0",
    )


ActionNoise = Annotated[NoNoise | NormalNoise | OrnsteinUhlenbeckNoise, Field(discriminator="kind")]
