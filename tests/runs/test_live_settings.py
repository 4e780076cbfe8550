"""Settings given to a model while it trains: it goes on as one that was built with them."""

import pytest

from tests.algorithms.goal_world import GOALS
from trainer.algorithms.live import GIVEN
from trainer.config import ALGORITHMS, apply_overrides, load_config, specs_for
from trainer.events import EpisodeEnded, EvaluationEnded, MetricsLogged, VideoSaved
from trainer.runs.control import RunControl
from trainer.runs.edits import Edit
from trainer.runs.reporter import RunReporter
from trainer.runs.session import Session

REPLAY = {"learning_starts": 60, "buffer_size": 500, "train_freq": 8, "gradient_steps": 2, "batch_size": 16}
ALGORITHM = {
    "ppo": {"name": "ppo", "n_steps": 32, "batch_size": 32, "n_epochs": 2},
    "a2c": {"name": "a2c"},
    "dqn": {"name": "dqn", **REPLAY, "exploration_fraction": 0.5},
    "sac": {"name": "sac", **REPLAY, "ent_coef": 0.2},
    "td3": {"name": "td3", **REPLAY, "action_noise": {"kind": "normal", "sigma": 0.1}},
    "ddpg": {"name": "ddpg", **REPLAY, "action_noise": {"kind": "ornstein_uhlenbeck", "sigma": 0.1}},
}
# Those that came with SB3-Contrib, and hindsight; all that may change in them is changed at once.
CONTRIB = {
    "her": {"name": "her", **REPLAY, "ent_coef": 0.2},
    "qrdqn": {"name": "qrdqn", **REPLAY, "exploration_fraction": 0.5},
    "tqc": {"name": "tqc", **REPLAY, "ent_coef": 0.2},
    "crossq": {"name": "crossq", **REPLAY, "ent_coef": 0.2},
    "trpo": {"name": "trpo", "n_steps": 32, "batch_size": 32},
    "recurrent_ppo": {"name": "recurrent_ppo", "n_steps": 32, "batch_size": 32, "n_epochs": 2},
    "maskable_ppo": {"name": "maskable_ppo", "n_steps": 32, "batch_size": 32, "n_epochs": 2},
    "ars": {"name": "ars", "n_delta": 2},
}
OTHER = {
    "algorithm.learning_rate": "lin_0.004",
    "algorithm.batch_size": 24,
    "algorithm.gamma": 0.7,
    "algorithm.ent_coef": 0.07,
    "algorithm.clip_range": "lin_0.03",
    "algorithm.clip_range_vf": 0.02,
    "algorithm.delta_std": "lin_0.5",
    "algorithm.exploration_fraction": 0.9,
    "algorithm.exploration_initial_eps": 0.6,
    "algorithm.exploration_final_eps": 0.3,
    "algorithm.action_noise.sigma": 0.6,
    "evaluation.frequency": 60,
    "video.every_steps": 90,
}
NORMALIZED = {"environment.normalize_observation": True, "environment.normalize_reward": True}
PLAIN = {
    "ppo": {"algorithm.rollout_buffer_class": "stable_baselines3.common.buffers:RolloutBuffer"},
    "a2c": {"algorithm.rollout_buffer_class": "stable_baselines3.common.buffers:RolloutBuffer"},
}
for _name in ("dqn", "sac", "td3", "ddpg"):
    PLAIN[_name] = {"algorithm.replay_buffer_class": "stable_baselines3.common.buffers:ReplayBuffer"}


def _config(name, **overrides):
    box = name in ("sac", "td3", "ddpg", "tqc", "crossq")
    world = GOALS if name == "her" else "Pendulum-v1" if box else "CartPole-v1"
    data = {
        "environment": {"id": world, "n_envs": 2},
        "algorithm": ALGORITHM.get(name) or CONTRIB[name],
        "training": {"total_timesteps": 192, "log_interval": 1, "device": "cpu"},
        "policy": {"net_arch": [16]},
        "evaluation": {"frequency": 128, "episodes": 1, "final_episodes": 1},
        "video": {"enabled": "video.every_steps" in overrides, "milestones": False, "every_steps": 1_000},
        "checkpoints": {"enabled": False},
        "tracking": {"tensorboard": False},
    }
    if box:
        data["environment"]["max_episode_steps"] = 40
    if name == "recurrent_ppo":
        data["policy"]["lstm_hidden_size"] = 8
    overrides.pop("video.every_steps", None)
    return load_config(apply_overrides(data, overrides))


def _with(config, **overrides):
    return load_config(apply_overrides(config.to_data(), overrides))


def _trained(directory, config, edit_to=None, *, edit_at=0, stop_at=None, resume=False):
    """Train to the end or to a stop; return every number that does not measure the machine.

    :param edit_to: a configuration that the run is asked to go on with
    :param edit_at: the step at or after which it is asked, in the middle of a rollout
    :param stop_at: the same, for the stop
    """
    directory.mkdir(exist_ok=True)
    control, events = RunControl(), []
    if edit_to is not None and edit_at == 0:
        control.request_edit(Edit(edit_to, "a command"))

    def emit(event):
        nonlocal edit_to
        events.append(event)
        if isinstance(event, EpisodeEnded) and edit_to is not None and event.step >= edit_at:
            control.request_edit(Edit(edit_to, "a command"))
            edit_to = None
        if isinstance(event, EpisodeEnded) and stop_at is not None and event.step >= stop_at:
            control.request_stop()

    reporter = RunReporter("run", emit, directory / "log.txt")
    Session(config, directory, control, reporter, global_seed=True, resume=resume).run()
    return [fact for event in events for fact in _facts(event)]


def _facts(event):
    if isinstance(event, MetricsLogged):
        kept = {name: value for name, value in event.values.items() if not name.startswith("time/")}
        return [(event.step, sorted((name, repr(value)) for name, value in kept.items()))]
    if isinstance(event, EpisodeEnded):
        return [(event.step, event.number, event.episode_return)]
    if isinstance(event, EvaluationEnded):
        return [(event.step, "evaluation", event.mean_return)]
    return [(event.step, "video", event.episode_return)] if isinstance(event, VideoSaved) else []


LIVE = [(name, spec.path) for name in ALGORITHM for spec in specs_for(name) if spec.live]
LIVE = [
    (name, path)
    for name, path in LIVE
    if not path.startswith("algorithm.action_noise") or "action_noise" in ALGORITHM[name]
]


def test_every_live_setting_of_an_algorithm_reaches_its_model():
    paths = {spec.path for name in ALGORITHMS for spec in specs_for(name) if spec.live}
    assert {path for path in paths if path.startswith("algorithm.")} == set(GIVEN)
    assert paths == set(OTHER)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """What a run gives that nobody edits; each is trained once."""
    root, known = tmp_path_factory.mktemp("untouched"), {}

    def facts(config):
        key = config.model_dump_json()
        if key not in known:
            known[key] = _trained(root / str(len(known)), config)
        return known[key]

    return facts


@pytest.mark.parametrize(("name", "path"), LIVE)
def test_a_run_edited_before_its_first_step_is_the_run_configured_so(tmp_path, untouched, name, path):
    before = _config(name, **({path: True} if path == "video.every_steps" else {}))
    after = _with(before, **{path: OTHER[path]})
    edited = _trained(tmp_path / "edited", before, after)
    assert edited == _trained(tmp_path / "configured", after)
    assert edited != untouched(before)


@pytest.mark.parametrize("name", ALGORITHM)
@pytest.mark.parametrize("kind", ["normalized", "n-step", "torch", "plain"])
def test_so_it_is_in_every_other_kind_of_model(tmp_path, name, kind):
    if kind == "n-step" and name in ("ppo", "a2c"):
        pytest.skip("rollouts have no n-step returns")
    extra = {"normalized": NORMALIZED, "n-step": {"algorithm.n_steps": 3}, "plain": PLAIN[name]}
    extra["torch"] = {"policy.activation": "elu"}
    before = _config(name, **extra[kind])
    mine = {path: OTHER[path] for owner, path in LIVE if owner == name and path.startswith("algorithm.")}
    after = _with(before, **mine)
    assert _trained(tmp_path / "edited", before, after) == _trained(tmp_path / "configured", after)


@pytest.mark.parametrize("name", ALGORITHM)
def test_a_run_edited_on_its_way_and_stopped_later_goes_on_as_if_nothing_had_been(tmp_path, name):
    longer = {"training.total_timesteps": 640}
    before = _config(name, **NORMALIZED, **longer)
    after = _with(before, **{path: OTHER[path] for owner, path in LIVE if owner == name and "video" not in path})
    straight = _trained(tmp_path / "straight", before, after, edit_at=200)
    first = _trained(tmp_path / "broken", before, after, edit_at=200, stop_at=400)
    assert 0 < len(first) < len(straight)
    second = _trained(tmp_path / "broken", after, resume=True)
    assert first + second == straight


@pytest.mark.parametrize("name", CONTRIB)
def test_so_do_the_algorithms_of_contrib(tmp_path, name):
    longer = {**NORMALIZED, "training.total_timesteps": 384}
    before = _config(name, **longer)
    mine = [spec.path for spec in specs_for(name) if spec.live and "video" not in spec.path]
    given = {path: OTHER[path] for path in mine if not path.startswith("algorithm.action_noise")}
    after = _with(before, **given)
    assert _trained(tmp_path / "edited", before, after) == _trained(tmp_path / "configured", after)
    straight = _trained(tmp_path / "straight", before, after, edit_at=120)
    first = _trained(tmp_path / "broken", before, after, edit_at=120, stop_at=220)
    assert 0 < len(first) < len(straight)
    second = _trained(tmp_path / "broken", after, resume=True)
    assert first + second == straight
