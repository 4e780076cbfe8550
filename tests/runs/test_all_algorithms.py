"""Every algorithm trains, is examined, saves what its own library loads, and runs where it says."""

import numpy as np
import pytest
from stable_baselines3.common.base_class import BaseAlgorithm

from tests.algorithms.goal_world import GOALS
from tests.run_endings import ended
from trainer.algorithms.build import PLAIN
from trainer.config import ALGORITHMS, advise, load_config
from trainer.envs.entry_points import placed
from trainer.envs.factory import make_training_env
from trainer.runs.describe import run_json

REPLAY = {"learning_starts": 60, "buffer_size": 400, "batch_size": 16, "train_freq": 8}
ROLLOUT = {"n_steps": 32, "batch_size": 32}
SETTINGS = {
    "ppo": ROLLOUT,
    "a2c": {},
    "dqn": REPLAY,
    "ddpg": REPLAY,
    "td3": REPLAY,
    "sac": REPLAY,
    "her": REPLAY,
    "qrdqn": REPLAY,
    "tqc": REPLAY,
    "trpo": ROLLOUT,
    "recurrent_ppo": ROLLOUT,
    "maskable_ppo": ROLLOUT,
    "crossq": REPLAY,
    "ars": {"n_delta": 2},
}
IN_A_PROCESS = {"trpo", "recurrent_ppo", "maskable_ppo", "ars"}
ONLY_RIGHT = "tests.algorithms.goal_world:OnlyRight"


def _config(name):
    discrete = "discrete" in ALGORITHMS[name].action_kinds
    environment = {"id": GOALS if name == "her" else "CartPole-v1" if discrete else "Pendulum-v1", "n_envs": 2}
    if name == "maskable_ppo":
        environment["wrappers"] = [{"entry_point": ONLY_RIGHT}]
    policy = {} if name == "ars" else {"net_arch": [16]}
    if name == "recurrent_ppo":
        policy["lstm_hidden_size"] = 8
    return load_config(
        {
            "algorithm": {"name": name, **SETTINGS[name]},
            "environment": environment,
            "policy": policy,
            "training": {"total_timesteps": 300, "device": "cpu"},
            "evaluation": {"frequency": 150, "episodes": 1, "final_episodes": 2},
            "video": {"enabled": name == "recurrent_ppo", "milestones": False, "every_steps": 250, "max_length": 40},
            "tracking": {"tensorboard": False},
        }
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """An engine in which a run of every algorithm has ended, and their ids."""
    from trainer.engine import Engine

    engine = Engine(tmp_path_factory.mktemp("all") / "outputs")
    try:
        ids = {name: engine.manager.submit(_config(name)).id for name in ALGORITHMS}
        for run_id in ids.values():
            assert engine.manager.wait(run_id, 240)
        yield engine, ids
    finally:
        engine.close()


def test_there_are_fourteen():
    assert len(ALGORITHMS) == len(SETTINGS) == len(PLAIN) == 14
    assert {name for name in ALGORITHMS if placed(_config(name)).executor == "process"} == IN_A_PROCESS


@pytest.mark.parametrize("name", ALGORITHMS)
def test_it_trains_through_the_manager(trained, name):
    engine, ids = trained
    record = ended(engine, ids[name])
    assert record.step >= 300
    assert record.evaluation is not None
    assert record.name == f"{ALGORITHMS[name].label} {record.environment}"
    assert run_json(record, {})["algorithm_label"] == ALGORITHMS[name].label
    log = (engine.layout.run(record.id) / "log.txt").read_text()
    said = f"{ALGORITHMS[name].label} draws its random numbers from the whole process"
    assert (said in log) == (name in IN_A_PROCESS)
    assert "no action_masks" not in log
    if name == "recurrent_ppo":
        assert "Recorded videos/" in log


@pytest.mark.parametrize("name", ALGORITHMS)
def test_its_file_loads_where_nobody_knows_of_us(trained, name):
    engine, ids = trained
    config = _config(name)
    folder = sorted((engine.layout.run(ids[name]) / "checkpoints").glob("step_*"))[-1]
    env = make_training_env(config.environment, 0)
    model = PLAIN[name].load(folder / "model.zip", env=env, device="cpu")
    assert isinstance(model, BaseAlgorithm)
    actions, _ = model.predict(env.reset(), deterministic=True)
    assert len(actions) == 2
    assert np.isfinite(np.asarray(actions, dtype=float)).all()
    env.close()


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_page_is_told_where_it_will_run_and_why(name):
    told = [remark for remark in advise(_config(name)) if remark.field == "resources.executor"]
    assert [ALGORITHMS[name].label in remark.message for remark in told] == [True] * (name in IN_A_PROCESS)
    assert all("process of its own" in remark.message for remark in told)


def test_a_policy_that_masks_says_where_there_is_nothing_to_mask(engine, cartpole, until):
    algorithm = {"name": "maskable_ppo", **ROLLOUT}
    run_id = engine.manager.submit(cartpole(64, algorithm=algorithm, evaluation={"enabled": False})).id
    process = until(lambda: engine.run_json(engine.manager.get(run_id)).get("process"))
    assert process["why"] == "MaskablePPO draws its random numbers from the whole process"
    ended(engine, run_id)
    assert "no action_masks method" in (engine.layout.run(run_id) / "log.txt").read_text()
