"""RL Zoo's YAML as our configuration: every key is taken or said to be left, and nothing in a file is run."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from presets.generate import FILES
from trainer.config import check
from trainer.config.importing import Imported, import_text
from trainer.config.importing.literals import Named, read_expression
from trainer.errors import ConfigError

PENDULUM = """
Pendulum-v1:
  n_envs: 4
  n_timesteps: !!float 1e5
  policy: 'MlpPolicy'
  n_steps: 1024
  learning_rate: 1e-3
  clip_range: lin_0.2
  n_epochs: 10
  use_sde: True
  normalize: "{'norm_obs': False, 'norm_reward': True}"
  policy_kwargs: "dict(log_std_init=-2, ortho_init=False, activation_fn=nn.ReLU, net_arch=dict(pi=[256], vf=[64]))"
"""


def read(text: str, file_name: str = "ppo.yml", **more: Any) -> Imported:
    return import_text(text, file_name=file_name, **more)


def one(entry: str, file_name: str = "ppo.yml", task: str = "CartPole-v1") -> Imported:
    return read(f"{task}:\n" + "".join(f"  {line}\n" for line in entry.splitlines()), file_name)


def line(imported: Imported, key: str) -> Any:
    return next(each for each in imported.report if each.key == key)


def test_an_entry_becomes_the_settings_that_it_means() -> None:
    config = read(PENDULUM).config

    assert config is not None
    assert (config.environment.id, config.environment.n_envs) == ("Pendulum-v1", 4)
    assert (config.environment.normalize_observation, config.environment.normalize_reward) == (False, True)
    assert config.training.total_timesteps == 100_000
    assert config.algorithm.name == "ppo"
    assert (config.algorithm.learning_rate, config.algorithm.clip_range) == (0.001, "lin_0.2")
    assert (config.policy.activation, config.policy.ortho_init, config.policy.log_std_init) == ("relu", False, -2)
    assert config.policy.net_arch == {"pi": [256], "vf": [64]}


def test_every_key_of_the_source_has_a_line() -> None:
    imported = read(PENDULUM)

    keys = [each.key for each in imported.report]
    assert keys[:2] == ["algorithm", "environment"]
    for key in ("n_envs", "n_timesteps", "policy", "learning_rate", "normalize.norm_obs", "policy_kwargs.net_arch"):
        assert key in keys
    assert all(each.taken for each in imported.report)
    assert line(imported, "learning_rate").note == "Read as a number."


def test_a_file_of_several_entries_asks_which_one_and_names_the_nearest() -> None:
    text = "CartPole-v1:\n  n_envs: 8\nAcrobot-v1:\n  n_envs: 16\n"

    assert read(text).config is None
    assert read(text).entries == ("CartPole-v1", "Acrobot-v1")
    assert read(text, entry="Acrobot-v1").config.environment.n_envs == 16  # type: ignore[union-attr]
    with pytest.raises(ConfigError) as caught:
        read(text, entry="Acrobat-v1")
    assert caught.value.faults[0].hint == "Did you mean Acrobot-v1?"


def test_what_an_anchor_names_is_merged_and_the_entry_outweighs_it() -> None:
    text = "A-v0: &base\n  gamma: 0.9\n  n_envs: 2\nB-v0:\n  <<: *base\n  gamma: 0.5\n"

    config = read(text, entry="B-v0").config

    assert config is not None
    assert (config.algorithm.gamma, config.environment.n_envs, config.environment.id) == (0.5, 2, "B-v0")


@pytest.mark.parametrize(
    ("entry", "file_name", "path", "value"),
    [
        ("normalize: true", "ppo.yml", "environment.normalize_reward", True),
        ('normalize: "dict(norm_obs=True, norm_reward=False)"', "ppo.yml", "environment.normalize_reward", False),
        ("normalize:\n  clip_obs: 5.0", "ppo.yml", "environment.clip_normalized_observation", 5.0),
        ("frame_stack: 2", "ppo.yml", "environment.frame_stack", 2),
        ("env_kwargs:\n  gravity: -5.0", "ppo.yml", "environment.kwargs", {"gravity": -5.0}),
        ("clip_range_vf: -1", "ppo.yml", "algorithm.clip_range_vf", None),
        ("noise_type: normal\nnoise_std: 0.3", "td3.yml", "algorithm.action_noise.sigma", 0.3),
        (
            "noise_type: ornstein-uhlenbeck\nnoise_std: 0.5",
            "ddpg.yml",
            "algorithm.action_noise.kind",
            "ornstein_uhlenbeck",
        ),
        ('train_freq: [1, "episode"]', "sac.yml", "algorithm.train_freq_unit", "episode"),
        ("train_freq: \"(2, 'episode')\"", "sac.yml", "algorithm.train_freq", 2),
        ("ent_coef: auto_0.1", "sac.yml", "algorithm.ent_coef", "auto_0.1"),
        ("use_rms_prop: False", "a2c.yml", "algorithm.use_rms_prop", False),
        ("learning_rate: lin_7e-4", "a2c.yml", "algorithm.learning_rate", "lin_7e-4"),
        ("vec_env_wrapper: stable_baselines3.common.vec_env.VecMonitor", "ppo.yml", "environment.frame_stack", None),
        (
            "vec_env_wrapper:\n- stable_baselines3.common.vec_env.VecFrameStack:\n    n_stack: 4",
            "ppo.yml",
            "environment.frame_stack",
            4,
        ),
        (
            'policy_kwargs: "dict(optimizer_class=RMSpropTFLike, optimizer_kwargs=dict(eps=1e-5))"',
            "a2c.yml",
            "policy.optimizer_kwargs",
            {"eps": 1e-05},
        ),
        (
            'policy_kwargs: "dict(net_arch=[dict(pi=[8], vf=[8])])"',
            "ppo.yml",
            "policy.net_arch",
            {"pi": [8], "vf": [8]},
        ),
        (
            "replay_buffer_kwargs: dict(handle_timeout_termination=False)",
            "dqn.yml",
            "algorithm.optimize_memory_usage",
            False,
        ),
    ],
)
def test_a_key_of_the_zoo_becomes_our_setting(entry: str, file_name: str, path: str, value: Any) -> None:
    imported = one(entry, file_name)

    assert imported.config is not None
    found: Any = imported.config.to_data()
    for name in path.split("."):
        found = found[name]
    assert found == value
    assert all(each.taken for each in imported.report), imported.report


def test_wrappers_keep_their_order_and_get_our_names() -> None:
    entry = """env_wrapper:
- rl_zoo3.wrappers.FrameSkip:
    skip: 2
- rl_zoo3.wrappers.YAMLCompatResizeObservation:
    shape: [64, 64]
- my_package.wrappers.Mine"""

    wrappers = one(entry, task="CarRacing-v3").config.environment.wrappers  # type: ignore[union-attr]

    assert [each.name or each.entry_point for each in wrappers] == [
        "frame_skip",
        "resize_observation",
        "my_package.wrappers:Mine",
    ]
    assert wrappers[1].kwargs == {"shape": [64, 64]}


@pytest.mark.parametrize(
    ("written", "name", "kwargs"),
    [
        ("rl_zoo3.wrappers.FrameSkip:\n    skip: 2", "frame_skip", {"max_pool": False, "skip": 2}),
        ("rl_zoo3.wrappers.HistoryWrapper:\n    horizon: 2", "history", {"horizon": 2}),
        ("sb3_contrib.common.wrappers.TimeFeatureWrapper", "time_feature", {}),
        ("rl_zoo3.wrappers.ActionNoiseWrapper:\n    noise_std: 0.2", "action_noise", {"sigma": 0.2}),
        # The field for the episode limit would lengthen episodes where this wrapper can only shorten them.
        ("gymnasium.wrappers.TimeLimit:\n    max_episode_steps: 77", "time_limit", {"max_episode_steps": 77}),
        ("rl_zoo3.wrappers.DelayedRewardWrapper:\n    delay: 5", "delayed_reward", {"delay": 5}),
    ],
)
def test_wrappers_of_the_zoo_become_those_that_do_the_same_here(written: str, name: str, kwargs: Any) -> None:
    (wrapper,) = one(f"env_wrapper:\n- {written}", task="Pendulum-v1").config.environment.wrappers  # type: ignore[union-attr]

    assert (wrapper.name, wrapper.kwargs) == (name, kwargs)


def test_the_atari_family_needs_no_wrapper_and_keeps_the_options_of_its_own() -> None:
    wrapper = "stable_baselines3.common.atari_wrappers.AtariWrapper"
    text = f"atari:\n  env_wrapper:\n  - {wrapper}:\n      terminal_on_life_loss: False\n      frame_skip: 3\n"

    imported = read(text)

    assert imported.config is not None
    assert imported.config.environment.id == "PongNoFrameskip-v4"
    assert imported.config.environment.kwargs == {"terminal_on_life_loss": False, "frameskip": 3}
    assert imported.config.environment.wrappers == []
    assert "every Atari game" in line(imported, "environment").note
    assert not line(one(f"env_wrapper: {wrapper}"), "env_wrapper").taken


def test_hindsight_is_a_setting_here_and_a_buffer_in_the_zoo() -> None:
    arguments = "dict(goal_selection_strategy='episode', n_sampled_goal=2, handle_timeout_termination=False)"
    entry = f'replay_buffer_class: HerReplayBuffer\nreplay_buffer_kwargs: "{arguments}"'

    settings: Any = one(entry, "tqc.yml", "FetchReach-v1").config.algorithm  # type: ignore[union-attr]

    assert (settings.hindsight, settings.n_sampled_goal, settings.goal_selection_strategy) == (True, 2, "episode")
    assert settings.replay_buffer_class is None
    assert settings.replay_buffer_kwargs == {"handle_timeout_termination": False}
    old = one("model_class: sac\nn_sampled_goal: 3", "her.yml", "FetchReach-v1").config.algorithm  # type: ignore[union-attr]
    assert (old.name, old.hindsight) == ("sac", True)


@pytest.mark.parametrize(
    ("zoo", "ours"),
    [
        ("HalfCheetah-v4", "HalfCheetah-v5"),
        ("Reacher-v2", "Reacher-v5"),
        ("LunarLander-v2", "LunarLander-v3"),
        ("FetchReach-v1", "FetchReach-v4"),
        ("CartPole-v0", "CartPole-v0"),
        ("ALE/Pong-v5", "ALE/Pong-v5"),
    ],
)
def test_an_environment_is_called_by_its_newest_version(zoo: str, ours: str) -> None:
    imported = one("gamma: 0.9", task=zoo)

    assert imported.config is not None
    assert imported.config.environment.id == ours
    assert bool(line(imported, "environment").note) == (zoo != ours)


def test_hidden_velocities_are_a_wrapper() -> None:
    config = one("gamma: 0.9", task="PendulumNoVel-v1").config

    assert config is not None
    assert config.environment.id == "Pendulum-v1"
    assert [each.name for each in config.environment.wrappers] == ["mask_velocity"]


@pytest.mark.parametrize(
    ("entry", "key", "why"),
    [
        ("monitor_kwargs: dict(info_keywords=('a',))", "monitor_kwargs", "own record"),
        ("callback: rl_zoo3.callbacks.ParallelTrainCallback", "callback", "Callbacks"),
        ("bufer_size: 10", "bufer_size", "no such setting"),
        ("buffer_size: 10", "buffer_size", "It is a setting of dqn"),
        ("gamma: high", "gamma", "must be a number"),
        ("n_envs: 0", "n_envs", "must be at least 1"),
        ("policy: my.package.Policy", "policy", "cannot be named"),
        ('policy_kwargs: "dict(activation_fn=nn.Softsign)"', "policy_kwargs.activation_fn", "Not among"),
        ("policy_kwargs: \"__import__('os').system('true')\"", "policy_kwargs", "nothing in a file is ever run"),
        ("noise_std: 0.1", "noise_std", "without a noise_type"),
        ("env_wrapper: gymnasium.wrappers.TimeLimit", "env_wrapper", "no number of steps"),
        (f"policy_kwargs: 'dict(a=0x{'f' * 5000})'", "policy_kwargs", "too large a number"),
        (r"""policy_kwargs: 'dict(a="\ud800")'""", "policy_kwargs", "half a character"),
        ("callback: {2020-01-01: 1, null: 3}", "callback", "Callbacks"),
        ("gamma: 1:30", "gamma", "must be a number"),
    ],
)
def test_what_is_not_taken_says_why_and_the_rest_is_taken(entry: str, key: str, why: str) -> None:
    imported = one(f"n_steps: 7\n{entry}")

    assert imported.config is not None
    assert imported.config.algorithm.n_steps == 7  # type: ignore[union-attr]
    assert not line(imported, key).taken
    assert why in line(imported, key).note


def test_what_the_zoo_keeps_beside_a_trained_agent_is_one_entry_without_environment() -> None:
    pairs = "- - - batch_size\n    - 32\n  - - n_epochs\n    - 4\n  - - policy\n    - MlpPolicy\n"
    text = f"!!python/object/apply:collections.OrderedDict\n{pairs}"

    imported = import_text(text, file_name="config.yml")

    assert imported.config is not None
    assert (imported.algorithm, imported.config.algorithm.batch_size) == ("ppo", 32)  # type: ignore[union-attr]
    assert not line(imported, "environment").taken


def test_a_batch_larger_than_a_rollout_becomes_the_rollout_as_in_stable_baselines3() -> None:
    imported = one("n_steps: 8\nn_envs: 2\nbatch_size: 256")

    assert imported.config is not None
    assert imported.config.algorithm.batch_size == 16  # type: ignore[union-attr]
    assert "16 transitions" in line(imported, "batch_size").note


def test_an_algorithm_is_told_by_the_file_or_asked_for() -> None:
    text = "CartPole-v1:\n  gamma: 0.9\n"

    assert import_text(text, file_name="a2c.yml").algorithm == "a2c"
    assert import_text(text, algorithm="DQN").algorithm == "dqn"
    guessed = import_text("CartPole-v1:\n  cg_damping: 0.1\n")
    assert (guessed.algorithm, line(guessed, "algorithm").note[:7]) == ("trpo", "Guessed")
    assert import_text(text).config is None
    with pytest.raises(ConfigError, match="must be one of"):
        import_text(text, algorithm="dqm")


def test_a_refused_value_takes_only_its_own_line_with_it() -> None:
    wrappers = "env_wrapper:\n- rl_zoo3.wrappers.FrameSkip: {skip: 2}\n- rl_zoo3.wrappers.HistoryWrapper: {horizon: 0}"

    imported = one(f"{wrappers}\n- rl_zoo3.wrappers.ActionSmoothingWrapper", task="PendulumNoVel-v1")

    assert imported.config is not None
    assert imported.config.environment.id == "Pendulum-v1"
    assert [each.name for each in imported.config.environment.wrappers] == [
        "mask_velocity",
        "frame_skip",
        "action_smoothing",
    ]
    assert [each.key for each in imported.report if not each.taken] == ["env_wrapper.1"]
    assert "horizon" in line(imported, "env_wrapper.1").note

    noise = one("noise_type: normal\nnoise_std: -1", "td3.yml")
    assert [each.key for each in noise.report if not each.taken] == ["noise_std"]
    assert noise.config.algorithm.action_noise.kind == "normal"  # type: ignore[union-attr]


def test_expressions_are_read_and_never_run() -> None:
    assert read_expression("dict(a=[1, (2, -3.5)], b={'c': None}, d=2**10, e=1/4)") == {
        "a": [1, [2, -3.5]],
        "b": {"c": None},
        "d": 1024,
        "e": 0.25,
    }
    assert read_expression("th.nn.ReLU") == Named("th.nn.ReLU")
    for text in (
        "open('x')",
        "[x for x in y]",
        "lambda: 1",
        "a.b()",
        "f'{1}'",
        "1 if 2 else 3",
        "9**9**9",
        "**",
        "1/0",
    ):
        with pytest.raises(ValueError, match=r".+"):
            read_expression(text)


def test_the_zoos_own_files_can_be_taken_whole() -> None:
    zoo = importlib.util.find_spec("rl_zoo3")
    if zoo is None or not zoo.submodule_search_locations:
        pytest.skip("rl_zoo3 is not installed")
    for name in FILES:
        path = Path(zoo.submodule_search_locations[0]) / "hyperparams" / f"{name}.yml"
        text = path.read_text(encoding="utf-8")
        for entry in import_text(text, file_name=path.name).entries:
            imported = import_text(text, file_name=path.name, entry=entry)
            left = [each for each in imported.report if not each.taken and each.key != "environment"]
            assert left == [], (name, entry)
            assert imported.config is not None
            assert check(imported.config) == [], (name, entry)
