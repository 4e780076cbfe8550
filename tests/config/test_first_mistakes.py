"""What people do wrong at first: each mistake is refused before anything starts, at the field that one would change.

Every row goes the way of a script, `POST /api/runs`, and every fix that is offered really mends its fault.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.errors import install_handlers
from api.routers import runs
from trainer.config import apply_overrides, load_config
from trainer.engine import Engine
from trainer.envs import catalogue
from trainer.envs.registry import registry
from trainer.errors import ConfigError, Fault

# What was set; the field that is named; words of the message; words of what to do; the fix that one press applies.
Row = tuple[dict[str, Any], str, str, str, dict[str, Any] | None]
DQN, SAC = {"algorithm.name": "dqn"}, {"algorithm.name": "sac"}
PENDULUM = {"environment.id": "Pendulum-v1"}

MISTAKES: dict[str, Row] = {
    "a batch larger than the rollout": (
        {"algorithm.n_steps": 128, "algorithm.batch_size": 4096, "environment.n_envs": 4},
        "algorithm.batch_size",
        "4,096 is more than one rollout holds: 128 steps x 4 copies = 512",
        "Use 512 or less",
        {"algorithm.batch_size": 512},
    ),
    "DQN on Pendulum": (
        {**DQN, **PENDULUM},
        "algorithm.name",
        "DQN needs discrete actions, but Pendulum-v1 has continuous ones",
        "SAC",
        {"algorithm.name": "sac"},
    ),
    "SAC on CartPole": (
        SAC,
        "algorithm.name",
        "SAC needs continuous actions, but CartPole-v1 has discrete ones",
        "DQN",
        {"algorithm.name": "dqn"},
    ),
    "CnnPolicy on CartPole": (
        {"policy.class": "CnnPolicy"},
        "policy.class",
        "CartPole-v1 shows no images",
        "Choose MlpPolicy or auto",
        {"policy.class": "auto"},
    ),
    "a misspelt environment": (
        {"environment.id": "CartPoel-v1"},
        "environment.id",
        "There is no environment 'CartPoel-v1'",
        "Did you mean CartPole-v1?",
        {"environment.id": "CartPole-v1"},
    ),
    "an environment without its namespace": (
        {"environment.id": "Pong-v5"},
        "environment.id",
        "There is no environment 'Pong-v5'",
        "Did you mean ",
        None,
    ),
    "a buffer larger than memory": (
        {**SAC, **PENDULUM, "algorithm.buffer_size": 10**12},
        "algorithm.buffer_size",
        "of memory are needed for 1,000,000,000,000 transitions",
        "At most ",
        None,
    ),
    "learning that starts after the end": (
        {**DQN, "training.total_timesteps": 5000, "algorithm.learning_starts": 50_000},
        "algorithm.learning_starts",
        "learning would start after 50,000 steps, but the run ends after 5,000",
        "Start earlier, or train longer",
        {"algorithm.learning_starts": 500},
    ),
    "a negative learning rate": (
        {"algorithm.learning_rate": -0.001},
        "algorithm.learning_rate",
        "must be 0 or more, not -0.001",
        "Did you mean 0.001?",
        {"algorithm.learning_rate": 0.001},
    ),
    "a learning rate with a slip of the finger": (
        {"algorithm.learning_rate": "1e-3x"},
        "algorithm.learning_rate",
        "must be a number or a schedule such as lin_2.5e-4 or const_2.5e-4, not '1e-3x'",
        "Did you mean 0.001?",
        {"algorithm.learning_rate": 0.001},
    ),
    "gamma as a percentage": (
        {"algorithm.gamma": 99},
        "algorithm.gamma",
        "must be at most 1, not 99",
        "Did you mean 0.99?",
        {"algorithm.gamma": 0.99},
    ),
    "an unknown wrapper": (
        {"environment.wrappers": [{"name": "clip_rewards"}]},
        "environment.wrappers",
        "clip_rewards",
        "clip_reward",
        None,
    ),
    "videos every 0 steps": (
        {"video.every_steps": 0},
        "video.every_steps",
        "must be at least 1, not 0",
        "",
        {"video.every_steps": 1},
    ),
    "videos that are on and never made": (
        {"video.milestones": False},
        "video.every_steps",
        "videos are on, but nothing says when",
        "Set steps or milestones",
        {"video.milestones": True},
    ),
    "no copy of the environment": (
        {"environment.n_envs": 0},
        "environment.n_envs",
        "must be at least 1, not 0",
        "",
        {"environment.n_envs": 1},
    ),
    "no number of steps": (
        {"training.total_timesteps": None},
        "training.total_timesteps",
        "must be a whole number, not empty",
        "Its default is 100,000.",
        {"training.total_timesteps": 100_000},
    ),
    "a number in quotation marks": (
        {"algorithm.batch_size": "128"},
        "algorithm.batch_size",
        "must be a whole number, not the text '128'",
        "Did you mean 128?",
        {"algorithm.batch_size": 128},
    ),
    "a misspelt choice": (
        {"policy.activation": "relue"},
        "policy.activation",
        "must be one of",
        "Did you mean relu?",
        {"policy.activation": "relu"},
    ),
    "a misspelt algorithm": (
        {"algorithm": {"name": "ppp"}},
        "algorithm.name",
        "must be one of",
        "Did you mean ppo?",
        {"algorithm.name": "ppo"},
    ),
    "stopping when solved without saying when that is": (
        {"evaluation.stop_on_threshold": True},
        "evaluation.reward_threshold",
        "is needed to stop when it is reached",
        "Set it",
        {"evaluation.stop_on_threshold": False},
    ),
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Any:
    engine = Engine(tmp_path_factory.mktemp("mistakes"))
    yield engine
    engine.close()


@pytest.fixture
def refused(engine: Engine) -> Any:
    """Submit settings over the defaults and return the faults that the answer holds."""
    app = FastAPI()
    install_handlers(app)
    app.include_router(runs.router)
    app.state.engine = engine
    client = TestClient(app)

    def refused(settings: dict[str, Any]) -> list[dict[str, Any]]:
        answer = client.post("/api/runs", json={"config": {}, "overrides": settings, "start": False})
        assert answer.status_code == 422, answer.text
        assert answer.json()["error"]["code"] == "invalid_config"
        assert engine.manager.list().items == []
        return list(answer.json()["error"]["details"])

    return refused


def faults_of(engine: Engine, settings: dict[str, Any]) -> list[Fault]:
    try:
        return engine.manager.check(load_config(apply_overrides({}, settings)))
    except ConfigError as error:
        return list(error.faults)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_first_mistake_names_its_field_and_what_to_do(refused: Any, mistake: str) -> None:
    settings, field, message, hint, fix = MISTAKES[mistake]
    fault = next((each for each in refused(settings) if each["field"].startswith(field)), None)
    assert fault is not None, "no fault names the field"
    assert message in fault["message"]
    assert hint in fault.get("hint", "") + fault["message"]
    if fix is not None:
        assert fault["fix"] == fix


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_fix_that_is_offered_mends_its_fault(engine: Engine, mistake: str) -> None:
    settings = MISTAKES[mistake][0]
    fixes = [(fault, fault.fix) for fault in faults_of(engine, settings) if fault.fix]
    for fault, fix in fixes:
        mended = {**settings, **fix}
        if "algorithm.name" in fix:  # the settings of another algorithm go with it
            mended = {key: value for key, value in mended.items() if key != "algorithm"}
        assert fault.field not in {each.field for each in faults_of(engine, mended)}
    assert fixes or MISTAKES[mistake][4] is None


@pytest.mark.parametrize(
    ("package", "environment", "command"),
    [("ale_py", "ALE/Pong-v5", "install ale-py"), ("mujoco", "HalfCheetah-v5", "install mujoco")],
)
def test_a_family_that_is_not_installed_is_named_with_the_one_command(
    refused: Any, monkeypatch: pytest.MonkeyPatch, package: str, environment: str, command: str
) -> None:
    registry()
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr(catalogue, "_cached", None)
    catalogue._spaces.cache_clear()
    [fault] = refused({"environment.id": environment})
    assert fault["field"] == "environment.id"
    assert command in fault["hint"]


def test_a_graphics_card_that_is_not_there_is_missed_before_the_start(refused: Any) -> None:
    import torch

    absent = f"cuda:{torch.cuda.device_count() if torch.cuda.is_available() else 0}"
    [fault] = refused({"training.device": absent})
    assert fault["field"] == "training.device"
    assert f"{absent} cannot be used: this machine has" in fault["message"]
    assert fault["fix"] == {"training.device": "auto"}


def test_a_buffer_that_fits_is_offered_in_the_place_of_one_that_does_not(engine: Engine) -> None:
    settings = {**SAC, **PENDULUM, "algorithm.buffer_size": 10**12}
    [fault] = faults_of(engine, settings)
    assert fault.fix is not None
    size = fault.fix["algorithm.buffer_size"]
    assert 1_000_000 < size < 10**12
    assert f"{size:,}" in str(fault.hint)


@pytest.mark.parametrize("algorithm", ["ppo", "a2c", "recurrent_ppo", "maskable_ppo"])
def test_a_rollout_that_does_not_fit_is_no_surprise_either(engine: Engine, algorithm: str) -> None:
    settings = {"algorithm.name": algorithm, "environment.n_envs": 4}
    [fault] = faults_of(engine, {**settings, "algorithm.n_steps": 10**12})
    assert fault.field == "algorithm.n_steps"
    assert "of memory are needed for 4,000,000,000,000 steps of a rollout" in fault.message
    assert fault.fix is not None and 1_000 < fault.fix["algorithm.n_steps"] < 10**12
    assert faults_of(engine, {**settings, **fault.fix}) == []


def test_a_limit_of_its_own_process_counts_before_the_memory_of_the_machine(engine: Engine) -> None:
    resources = {"resources.executor": "process", "resources.memory_limit_mb": 500}
    [fault] = faults_of(engine, {**SAC, **PENDULUM, **resources, "algorithm.buffer_size": 10_000_000})
    assert fault.field == "algorithm.buffer_size"
    assert "119 MB are left to it of the run's limit of 500 MB" in fault.message
