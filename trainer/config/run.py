"""RunConfig: the only description of a run."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from trainer.config import sources
from trainer.config.algorithms import AnyAlgorithm, PPOConfig
from trainer.config.environment import EnvironmentConfig
from trainer.config.fields import Section, setting
from trainer.config.policy import PolicyConfig
from trainer.config.resources import ResourcesConfig
from trainer.config.training import CheckpointsConfig, EvaluationConfig, TrackingConfig, TrainingConfig, VideoConfig

SCHEMA_VERSION: Literal[1] = 1

Tag = Annotated[str, StringConstraints(pattern=r"^[^\s,]([^,\n]*[^\s,])?$", max_length=64)]

_LABEL = "Labels"


class RunConfig(Section):
    """Everything that a run is, from environment to videos. Frozen; every part left out has its default."""

    schema_version: Literal[1] = Field(
        default=SCHEMA_VERSION, title="Schema version", description="The format that this data is in."
    )
    name: str = setting(
        "", "Name", "What to call the run. Empty makes a name of it.", sources.PALAESTRA, _LABEL, max_length=200
    )
    tags: list[Tag] = setting(
        [], "Tags", "Words to find the run by, separated by commas.", sources.PALAESTRA, _LABEL, kind="tags"
    )
    notes: str = setting(
        "", "Notes", "Anything worth remembering.", sources.PALAESTRA, _LABEL, kind="multiline", max_length=20_000
    )
    environment: EnvironmentConfig = Field(default=EnvironmentConfig(), title="Environment")
    algorithm: AnyAlgorithm = setting(
        PPOConfig(),
        "Algorithm",
        "How the agent learns. PPO is a good first choice; DQN and QR-DQN are for discrete actions, SAC, TQC and TD3 "
        "for continuous ones where data is dear, HER for goals, RecurrentPPO for what has to be remembered.",
        sources.SB3_ALGORITHMS,
        "Algorithm",
        fixed="the checkpoint's networks and optimisers are those of its algorithm",
    )
    policy: PolicyConfig = Field(default=PolicyConfig(), title="Policy")
    training: TrainingConfig = Field(default=TrainingConfig(), title="Training")
    evaluation: EvaluationConfig = Field(default=EvaluationConfig(), title="Evaluation")
    checkpoints: CheckpointsConfig = Field(default=CheckpointsConfig(), title="Checkpoints")
    video: VideoConfig = Field(default=VideoConfig(), title="Video")
    tracking: TrackingConfig = Field(default=TrackingConfig(), title="Tracking")
    resources: ResourcesConfig = Field(default=ResourcesConfig(), title="Resources")

    def to_data(self) -> dict[str, Any]:
        """Return the configuration as JSON data, complete: what `load_config` reads back unchanged."""
        return self.model_dump(mode="json")
