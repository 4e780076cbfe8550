"""Combinations that cannot run are found before anything starts, each beside the field one would change."""

from __future__ import annotations

import time
from typing import Any

import gymnasium
import pytest
from stable_baselines3 import A2C, DDPG, DQN, PPO, SAC
from stable_baselines3.common.vec_env import DummyVecEnv

from trainer.config import RunConfig, Spaces, advise, check, field_key, load_config
from trainer.errors import Fault

CARTPOLE = Spaces("vector", (4,), "discrete", n_actions=2, native_available=True)
PENDULUM = Spaces("vector", (3,), "box", action_shape=(1,), action_bounded=True, native_available=False)
PONG = Spaces("image", (4, 84, 84), "discrete", n_actions=6, native_available=True)
MAZE = Spaces("dict", None, "box", action_shape=(4,), action_bounded=True)
GOALS = Spaces("dict", None, "box", action_shape=(4,), action_bounded=True, goal_size=3)
TAXI = Spaces("discrete", (), "discrete", n_actions=6)
BITS = Spaces("vector", (4,), "multi_binary")
OFF = {"learning_starts": 10}


def config(algorithm: str = "ppo", /, *, environment: dict[str, Any] | None = None, **parts: Any) -> RunConfig:
    """Return a configuration; what is no section is a hyperparameter."""
    sections = {key: parts.pop(key) for key in list(parts) if key in RunConfig.model_fields}
    return load_config({"environment": environment or {}, "algorithm": {"name": algorithm, **parts}, **sections})


def found(given: RunConfig, spaces: Spaces | None = None) -> dict[str, Fault]:
    return {fault.field: fault for fault in check(given, spaces)}


@pytest.mark.parametrize("spaces", [None, CARTPOLE, PONG, TAXI, MAZE, BITS, PENDULUM])
def test_defaults_suit_every_kind_of_environment(spaces: Spaces | None) -> None:
    assert check(RunConfig(), spaces) == []


CASES: list[tuple[str, RunConfig, Spaces | None, str]] = [
    ("minibatch above rollout", config(n_steps=32, batch_size=64), None, "algorithm.batch_size"),
    ("minibatch of one", config(batch_size=1), None, "algorithm.batch_size"),
    ("rollout of one", config(n_steps=1, batch_size=1), None, "algorithm.n_steps"),
    ("a2c rollout of one", config("a2c", n_steps=1, normalize_advantage=True), None, "algorithm.n_steps"),
    ("dqn, continuous actions", config("dqn"), PENDULUM, "algorithm.name"),
    ("sac, discrete actions", config("sac"), CARTPOLE, "algorithm.name"),
    ("td3, discrete actions", config("td3"), PONG, "algorithm.name"),
    ("ddpg, binary actions", config("ddpg"), BITS, "algorithm.name"),
    ("gsde, discrete actions", config(use_sde=True), CARTPOLE, "algorithm.use_sde"),
    (
        "epsilon grows",
        config("dqn", exploration_initial_eps=0.1, exploration_final_eps=0.5),
        None,
        "algorithm.exploration_final_eps",
    ),
    (
        "never learns",
        config("dqn", learning_starts=100, training={"total_timesteps": 100}),
        None,
        "algorithm.learning_starts",
    ),
    (
        "episodes of copies",
        config("sac", train_freq_unit="episode", environment={"n_envs": 2}),
        None,
        "algorithm.train_freq_unit",
    ),
    ("saved memory, time limits", config("dqn", optimize_memory_usage=True), None, "algorithm.optimize_memory_usage"),
    (
        "saved memory, n steps",
        config(
            "dqn", optimize_memory_usage=True, n_steps=3, replay_buffer_kwargs={"handle_timeout_termination": False}
        ),
        None,
        "algorithm.optimize_memory_usage",
    ),
    (
        "saved memory, dictionaries",
        config("sac", optimize_memory_usage=True, replay_buffer_kwargs={"handle_timeout_termination": False}),
        MAZE,
        "algorithm.optimize_memory_usage",
    ),
    ("n steps, own buffer", config("dqn", n_steps=3, replay_buffer_class="a:B"), None, "algorithm.n_steps"),
    ("n steps, dictionaries", config("sac", n_steps=3), MAZE, "algorithm.n_steps"),
    (
        "hindsight without goals",
        config("sac", replay_buffer_class="stable_baselines3:HerReplayBuffer"),
        PENDULUM,
        "algorithm.replay_buffer_class",
    ),
    (
        "reserved replay argument",
        config("sac", replay_buffer_kwargs={"device": "cpu"}),
        None,
        "algorithm.replay_buffer_kwargs",
    ),
    ("reserved rollout argument", config(rollout_buffer_kwargs={"gamma": 1}), None, "algorithm.rollout_buffer_kwargs"),
    ("cnn, numbers", config(policy={"class": "CnnPolicy"}), CARTPOLE, "policy.class"),
    ("mlp, images", config(policy={"class": "MlpPolicy"}), PONG, "policy.class"),
    ("mlp, dictionaries", config("sac", policy={"class": "MlpPolicy"}), MAZE, "policy.class"),
    ("multi input, numbers", config(policy={"class": "MultiInputPolicy"}), CARTPOLE, "policy.class"),
    ("nature cnn, numbers", config(policy={"features_extractor": "nature_cnn"}), CARTPOLE, "policy.features_extractor"),
    ("combined, images", config(policy={"features_extractor": "combined"}), PONG, "policy.features_extractor"),
    (
        "flatten, dictionaries",
        config("sac", policy={"features_extractor": "flatten"}),
        MAZE,
        "policy.features_extractor",
    ),
    ("tiny images", config(), Spaces("image", (16, 16, 3), "discrete", 2), "policy.features_extractor"),
    (
        "unknown extractor argument",
        config(policy={"features_extractor_kwargs": {"dim": 1}}),
        PONG,
        "policy.features_extractor_kwargs",
    ),
    ("dictionary of layers for dqn", config("dqn", policy={"net_arch": {"pi": [8]}}), None, "policy.net_arch"),
    ("qf for ppo", config(policy={"net_arch": {"pi": [8], "qf": [8]}}), None, "policy.net_arch"),
    ("vf for sac", config("sac", policy={"net_arch": {"pi": [8], "vf": [8]}}), None, "policy.net_arch"),
    ("half an architecture for sac", config("sac", policy={"net_arch": {"pi": [8]}}), None, "policy.net_arch"),
    ("orthogonal dqn", config("dqn", policy={"ortho_init": False}), None, "policy.ortho_init"),
    ("critics of ppo", config(policy={"n_critics": 2}), None, "policy.n_critics"),
    ("squashing without gsde", config(policy={"squash_output": True}), PENDULUM, "policy.squash_output"),
    ("two learning rates", config(policy={"optimizer_kwargs": {"lr": 1}}), None, "policy.optimizer_kwargs"),
    ("no native backend", config(environment={"backend": "native"}), PENDULUM, "environment.backend"),
    (
        "wrapped native",
        config(environment={"backend": "native", "wrappers": [{"name": "time_limit"}]}),
        CARTPOLE,
        "environment.backend",
    ),
    ("stacked numbers of states", config(environment={"frame_stack": 4}), TAXI, "environment.frame_stack"),
    (
        "normalised images",
        config(environment={"normalize_observation": True}),
        PONG,
        "environment.normalize_observation",
    ),
    (
        "normalised states",
        config(environment={"normalize_observation": True}),
        TAXI,
        "environment.normalize_observation",
    ),
    (
        "keys without dictionary",
        config(environment={"normalize_observation": True, "normalize_keys": ["a"]}),
        CARTPOLE,
        "environment.normalize_keys",
    ),
    ("unreadable observations", config(), Spaces("other", None, "discrete", 2), "environment.id"),
    ("unusable actions", config(), Spaces("vector", (1,), "other"), "environment.id"),
    ("unbounded actions", config("sac"), Spaces("vector", (1,), "box", action_bounded=False), "environment.id"),
    ("stop without threshold", config(evaluation={"stop_on_threshold": True}), None, "evaluation.reward_threshold"),
    (
        "stop without evaluation",
        config(evaluation={"stop_on_threshold": True, "reward_threshold": 0.0, "enabled": False}),
        None,
        "evaluation.stop_on_threshold",
    ),
    ("checkpoints never", config(checkpoints={"every_seconds": None}), None, "checkpoints.every_steps"),
    ("videos never", config(video={"milestones": False}), None, "video.every_steps"),
    ("recurrent minibatch", config("recurrent_ppo", n_steps=8, batch_size=64), None, "algorithm.batch_size"),
    ("maskable minibatch", config("maskable_ppo", n_steps=8, batch_size=64), None, "algorithm.batch_size"),
    ("trpo minibatch", config("trpo", n_steps=8, batch_size=64), None, "algorithm.batch_size"),
    ("masked continuous actions", config("maskable_ppo"), PENDULUM, "algorithm.name"),
    ("qr-dqn, continuous actions", config("qrdqn"), PENDULUM, "algorithm.name"),
    ("tqc, discrete actions", config("tqc"), CARTPOLE, "algorithm.name"),
    ("crossq, dictionaries", config("crossq"), MAZE, "algorithm.name"),
    ("ars, images", config("ars"), PONG, "algorithm.name"),
    ("convolutions for crossq", config("crossq", policy={"class": "CnnPolicy"}), None, "policy.class"),
    ("a linear policy for ppo", config(policy={"class": "LinearPolicy"}), None, "policy.class"),
    (
        "layers of a linear policy",
        config("ars", policy={"class": "LinearPolicy", "net_arch": [8]}),
        None,
        "policy.net_arch",
    ),
    ("an optimiser for ars", config("ars", policy={"optimizer": "adam"}), None, "policy.optimizer"),
    ("best of more than all", config("ars", n_delta=4, n_top=5), None, "algorithm.n_top"),
    (
        "no quantile left",
        config("tqc", top_quantiles_to_drop_per_net=25),
        None,
        "algorithm.top_quantiles_to_drop_per_net",
    ),
    (
        "exploration of qr-dqn grows",
        config("qrdqn", exploration_initial_eps=0.1, exploration_final_eps=0.5),
        None,
        "algorithm.exploration_final_eps",
    ),
    (
        "two memories for one",
        config("recurrent_ppo", policy={"shared_lstm": True}),
        None,
        "policy.enable_critic_lstm",
    ),
    ("memory for ppo", config(policy={"lstm_hidden_size": 8}), None, "policy.lstm_hidden_size"),
    ("her without goals", config("her"), MAZE, "algorithm.name"),
    ("hindsight, no goals", config("td3", hindsight=True), PENDULUM, "algorithm.hindsight"),
    ("hindsight, own buffer", config("sac", hindsight=True, replay_buffer_class="a:B"), GOALS, "algorithm.hindsight"),
    ("hindsight, stacked goals", config("her", environment={"frame_stack": 3}), GOALS, "environment.frame_stack"),
    *(
        (
            f"hindsight, {name or entry_point}",
            config("her", environment={"wrappers": [{"name": name, "entry_point": entry_point}]}),
            GOALS,
            "environment.wrappers.0",
        )
        for name, entry_point in (
            ("scale_reward", None),
            ("frame_skip", None),
            (None, "gymnasium.wrappers:NormalizeReward"),
        )
    ),
    (
        "hindsight of the library, scaled rewards",
        config(
            "sac",
            replay_buffer_class="stable_baselines3:HerReplayBuffer",
            environment={"wrappers": [{"name": "scale_reward"}]},
        ),
        GOALS,
        "environment.wrappers.0",
    ),
    ("thread for trpo", config("trpo", resources={"executor": "thread"}), None, "resources.executor"),
    ("memory of a thread", config(resources={"memory_limit_mb": 1_000}), None, "resources.memory_limit_mb"),
    ("cores of a thread", config(resources={"cpu_cores": 1}), None, "resources.cpu_cores"),
    ("politeness of a thread", config(resources={"nice": 1}), None, "resources.nice"),
    ("card of a thread", config(resources={"gpu_index": 0}), None, "resources.gpu_index"),
    (
        "card without networks on it",
        config(resources={"executor": "process", "gpu_index": 0}, training={"device": "cpu"}),
        None,
        "resources.gpu_index",
    ),
    (
        "card that is not seen",
        config(resources={"executor": "process", "gpu_index": 1}, training={"device": "cuda:1"}),
        None,
        "training.device",
    ),
]


@pytest.mark.parametrize(("given", "spaces", "field"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_an_impossible_combination_is_one_fault_with_a_way_out(
    given: RunConfig, spaces: Spaces | None, field: str
) -> None:
    faults = check(given, spaces)

    assert [fault.field for fault in faults] == [field]
    assert faults[0].hint
    assert field_key(field, given.algorithm.name)


@pytest.mark.parametrize("wrapper", [{"name": "history"}, {"name": "frame_skip", "kwargs": {"skip": 1}}])
def test_hindsight_takes_wrappers_that_leave_goals_and_their_rewards_alone(wrapper: dict[str, Any]) -> None:
    assert check(config("her", environment={"wrappers": [wrapper], "normalize_reward": True}), GOALS) == []


@pytest.mark.parametrize(
    ("given", "spaces"),
    [
        (config(n_steps=8, batch_size=64, environment={"n_envs": 8}), CARTPOLE),
        (config(n_steps=30, batch_size=64, environment={"n_envs": 8}), CARTPOLE),
        (config(n_steps=1, batch_size=1, normalize_advantage=False), CARTPOLE),
        (config("dqn", learning_starts=10**6, training={"duration_seconds": 60.0}), CARTPOLE),
        (config("sac", train_freq_unit="episode"), PENDULUM),
        (config("dqn", optimize_memory_usage=True, replay_buffer_kwargs={"handle_timeout_termination": False}), PONG),
        (config("sac", replay_buffer_class="stable_baselines3:HerReplayBuffer"), MAZE),
        (config(use_sde=True, policy={"squash_output": True}), PENDULUM),
        (config("sac", use_sde=True), PENDULUM),
        (config(policy={"class": "MlpPolicy"}), TAXI),
        (config(policy={"class": "CnnPolicy"}), PONG),
        (config(policy={"net_arch": {"pi": [8]}}), CARTPOLE),
        (config("td3", policy={"net_arch": {"pi": [8], "qf": []}}), PENDULUM),
        (config(policy={"features_extractor": "flatten"}), Spaces("image", (16, 16, 3), "discrete", 2)),
        (config(policy={"features_extractor_kwargs": {"features_dim": 64}}), PONG),
        (
            config(policy={"class": "CnnPolicy", "normalize_images": False}),
            Spaces("vector", (3, 64, 64), "discrete", 2),
        ),
        (config(environment={"backend": "native", "frame_stack": 4}), PONG),
        (config(environment={"normalize_observation": True, "normalize_keys": ["a"]}), MAZE),
        (config(environment={"frame_stack": 1}), TAXI),
        (config(evaluation={"stop_on_threshold": True, "reward_threshold": 0.0}), CARTPOLE),
        (config(checkpoints={"every_seconds": None, "enabled": False}), CARTPOLE),
        (config(checkpoints={"every_seconds": None, "milestones": True}), CARTPOLE),
        (config(video={"milestones": False, "every_steps": 1}), CARTPOLE),
        (config(resources={"executor": "process", "memory_limit_mb": 1, "cpu_cores": 1, "nice": 19}), CARTPOLE),
        (config(resources={"executor": "process", "gpu_index": 1}, training={"device": "cuda:0"}), CARTPOLE),
        (config("trpo", resources={"memory_limit_mb": 2_000}), PENDULUM),
        (config("her"), GOALS),
        (config("recurrent_ppo", batch_size=None), CARTPOLE),
        (config("recurrent_ppo", policy={"shared_lstm": True, "enable_critic_lstm": False}), CARTPOLE),
        (config("ars", policy={"net_arch": [8]}), PENDULUM),
    ],
)
def test_what_can_run_is_let_through(given: RunConfig, spaces: Spaces) -> None:
    assert check(given, spaces) == []


def test_every_fault_is_reported_at_once() -> None:
    given = config(
        "sac",
        train_freq_unit="episode",
        environment={"n_envs": 2, "backend": "native"},
        policy={"class": "CnnPolicy"},
        video={"milestones": False},
    )

    spaces = Spaces("vector", (4,), "discrete", n_actions=2, native_available=False)

    assert [fault.field for fault in check(given, spaces)] == [
        "environment.backend",
        "algorithm.name",
        "algorithm.train_freq_unit",
        "policy.class",
        "video.every_steps",
    ]


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"algorithm": {"name": "ppo", "n_steps": 100, "batch_size": 64}}, "algorithm.batch_size", "only 36"),
        ({"training": {"total_timesteps": 100}}, "training.total_timesteps", "2,048 steps will be taken"),
    ],
)
def test_what_runs_but_not_as_one_might_think_is_remarked_on(given: dict[str, Any], field: str, words: str) -> None:
    config = load_config(given)
    assert check(config) == []
    (remark,) = advise(config)
    assert remark.field == field
    assert words in remark.message
    assert remark.hint
    assert advise(load_config({})) == []


@pytest.mark.parametrize("steps", [10**15, 10**15 - 1])
def test_advice_on_a_rollout_beyond_measure_is_quick_and_still_a_divisor(steps: int) -> None:
    given = load_config({"algorithm": {"name": "ppo", "n_steps": steps, "batch_size": 4099}})
    started = time.perf_counter()
    remarks = {remark.field: remark.fix for remark in advise(given)}
    assert time.perf_counter() - started < 1
    assert steps % remarks["algorithm.batch_size"]["algorithm.batch_size"] == 0


def test_a_fault_says_what_was_given_and_what_is_possible() -> None:
    batch = found(config(n_steps=32, batch_size=512, environment={"n_envs": 8}))["algorithm.batch_size"]
    action = found(config("sac"), CARTPOLE)["algorithm.name"]

    assert len([fault for fault in check(config("her"), CARTPOLE) if fault.field == "algorithm.name"]) == 1
    assert batch.message == "512 is more than one rollout holds: 32 steps x 8 copies = 256"
    assert batch.hint == "Use 256 or less, or longer rollouts."
    assert action.message == "SAC needs continuous actions, but CartPole-v1 has discrete ones"
    assert action.hint == (
        "Choose PPO, A2C, DQN, QR-DQN, TRPO, RecurrentPPO, MaskablePPO, ARS, or another environment."
    )


class TestStableBaselinesRefusesTheSame:
    """What is called a fault here is one: the real classes refuse it, or break."""

    @staticmethod
    def env(name: str, copies: int = 1) -> DummyVecEnv:
        return DummyVecEnv([lambda: gymnasium.make(name)] * copies)

    @pytest.mark.parametrize(
        ("make", "copies", "environment", "arguments"),
        [
            (DQN, 1, "Pendulum-v1", {}),
            (SAC, 1, "CartPole-v1", {}),
            (PPO, 1, "CartPole-v1", {"use_sde": True}),
            (PPO, 1, "CartPole-v1", {"n_steps": 1, "batch_size": 2}),
            (PPO, 1, "CartPole-v1", {"batch_size": 1}),
            (DQN, 1, "CartPole-v1", {"optimize_memory_usage": True}),
            (
                DQN,
                1,
                "CartPole-v1",
                {
                    "optimize_memory_usage": True,
                    "n_steps": 3,
                    "replay_buffer_kwargs": {"handle_timeout_termination": False},
                },
            ),
            (DDPG, 1, "Pendulum-v1", {"policy_kwargs": {"net_arch": {"pi": [8]}}}),
            (DDPG, 1, "Pendulum-v1", {"replay_buffer_kwargs": {"device": "cpu"}}),
            (A2C, 1, "CartPole-v1", {"rollout_buffer_kwargs": {"gamma": 0.9}}),
            (PPO, 1, "Pendulum-v1", {"policy_kwargs": {"squash_output": True}}),
            (PPO, 1, "CartPole-v1", {"policy_kwargs": {"optimizer_kwargs": {"lr": 1}}}),
            (DQN, 1, "CartPole-v1", {"policy_kwargs": {"ortho_init": False}}),
            (SAC, 2, "Pendulum-v1", {"train_freq": (1, "episode")}),
        ],
    )
    def test_refusal(self, make: Any, copies: int, environment: str, arguments: dict[str, Any]) -> None:
        with pytest.raises((AssertionError, ValueError, TypeError, NotImplementedError)):
            make("MlpPolicy", self.env(environment, copies), device="cpu", **arguments).learn(4)
