"""How the configuration that a run goes on with differs from the one that its checkpoint was made with.

Every checkpoint holds the configuration of its run. What goes on under another one, a fork or a run that was given
more steps, keeps of the checkpoint whatever still means the same, and begins anew with the rest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trainer.config import RunConfig
from trainer.config.comparison import LABELS, changed

# What Stable-Baselines3 calls the parts that SAC's entropy coefficient consists of.
_ENTROPY = frozenset({"ent_coef_optimizer", "log_ent_coef", "ent_coef_tensor"})
_LONGEST = 60  # characters of a value in a sentence


@dataclass(frozen=True)
class Departure:
    """The settings that differ, by their path, each with the checkpoint's value and the new one."""

    settings: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)

    @classmethod
    def since(cls, made_with: Mapping[str, Any] | None, config: RunConfig) -> Departure:
        """Compare.

        :param made_with: configuration of the checkpoint; None where it is of a program that did not keep it
        """
        if made_with is None:
            return cls()
        # As the checkpoint has it: JSON knows no tuples.
        now = json.loads(config.model_dump_json(by_alias=True))
        return cls({path: pair for path, pair in changed(made_with, now).items() if path not in LABELS})

    def touches(self, *parts: str) -> bool:
        """Whether any of these settings, or any in these sections, differs."""
        return any(path == part or path.startswith(f"{part}.") for path in self.settings for part in parts)

    @property
    def fresh_episodes(self) -> str | None:
        """Why episodes cannot go on where they were, or None when they can."""
        paths = [path for path in self.settings if path.startswith("environment.") or path == "training.seed"]
        return f"the setting{'s' * (len(paths) > 1)} {', '.join(paths)} changed" if paths else None

    @property
    def fresh_weights(self) -> frozenset[str]:
        """Which parts of the model the checkpoint says nothing about any more."""
        return _ENTROPY if self.touches("algorithm.ent_coef") else frozenset()

    @property
    def stretched(self) -> bool:
        """Whether the run has another length."""
        return self.touches("training.total_timesteps", "training.duration_seconds")

    def __str__(self) -> str:
        return "; ".join(f"{path} {_brief(new)} instead of {_brief(old)}" for path, (old, new) in self.settings.items())


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
