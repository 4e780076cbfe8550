"""A run can be saved and gone on with in the middle of an iteration: after any step, after any gradient step."""

import io
import zipfile

import pytest
import torch

from trainer.events import EpisodeEnded, MetricsLogged
from trainer.runs.checkpoints import CheckpointFolder
from trainer.runs.control import RunControl
from trainer.runs.reporter import RunReporter
from trainer.runs.session import Session

ON_POLICY = {"n_steps": 16, "batch_size": 8, "n_epochs": 3}
OFF_POLICY = {"learning_starts": 20, "buffer_size": 200, "batch_size": 8}
CASES = {
    "ppo": ({"name": "ppo", **ON_POLICY}, "CartPole-v1", {}),
    "ppo by autograd": ({"name": "ppo", **ON_POLICY}, "CartPole-v1", {"activation": "elu"}),
    "ppo with sde": ({"name": "ppo", **ON_POLICY, "use_sde": True, "sde_sample_freq": 4}, "Pendulum-v1", {}),
    "ppo with a divergence limit": ({"name": "ppo", **ON_POLICY, "target_kl": 0.001}, "CartPole-v1", {}),
    "a2c": ({"name": "a2c", "n_steps": 5}, "CartPole-v1", {}),
    "dqn": ({"name": "dqn", **OFF_POLICY, "train_freq": 8, "gradient_steps": 11}, "CartPole-v1", {}),
    "dqn by episodes": (
        {"name": "dqn", **OFF_POLICY, "train_freq_unit": "episode", "train_freq": 1, "gradient_steps": -1},
        "CartPole-v1",
        {},
    ),
    "sac": ({"name": "sac", **OFF_POLICY, "train_freq": 8, "gradient_steps": 5}, "Pendulum-v1", {}),
    "sac with sde": (
        {"name": "sac", **OFF_POLICY, "train_freq": 8, "gradient_steps": 5, "use_sde": True},
        "Pendulum-v1",
        {},
    ),
    "td3": ({"name": "td3", **OFF_POLICY, "train_freq": 8, "gradient_steps": -1}, "Pendulum-v1", {}),
    "ddpg by autograd": (
        {"name": "ddpg", **OFF_POLICY, "train_freq": 8, "gradient_steps": 5},
        "Pendulum-v1",
        {"activation": "elu"},
    ),
}
STEPS = 64


class StopsAt(RunControl):
    """Ends the run when it comes to its n-th hold point; 0 never does."""

    def __init__(self, number):
        super().__init__()
        self.left = number

    def hold_point(self, while_held=lambda: None):
        self.left -= 1
        if self.left == 0:
            self.request_stop()
        super().hold_point(while_held)


class Life:
    """One session after another on one run directory."""

    def __init__(self, directory, config):
        directory.mkdir()
        self.directory = directory
        self.config = config
        self.points = []
        self.places = []

    def live(self, stop_at, *, resume):
        reporter = RunReporter("r", self._take)
        outcome = Session(self.config, self.directory, StopsAt(stop_at), reporter, resume=resume, turns=None).run()
        newest = CheckpointFolder(self.directory, 3, "r", lambda _event: None).latest()
        self.places.append((newest.step, newest.within))
        return outcome

    def _take(self, event):
        if isinstance(event, MetricsLogged):
            values = {name: value for name, value in event.values.items() if not name.startswith("time/")}
            self.points.append((event.step, values))
        elif isinstance(event, EpisodeEnded):
            self.points.append((event.step, event.number, event.env_index, event.episode_return, event.length))

    @property
    def weights(self):
        path = CheckpointFolder(self.directory, 3, "r", lambda _event: None).latest().path / "model.zip"
        found = {}
        with zipfile.ZipFile(path) as archive:
            for name in ("policy.pth", "policy.optimizer.pth", "actor.optimizer.pth", "critic.optimizer.pth"):
                if name in archive.namelist():
                    loaded = torch.load(io.BytesIO(archive.read(name)), weights_only=True)
                    states = loaded["state"].items() if "optimizer" in name else [("", loaded)]
                    found |= {f"{name} {key} {part}": value for key, each in states for part, value in each.items()}
        return found


# The others stand for all that is calculated otherwise.
SLOW = {"ppo with a divergence limit", "dqn by episodes", "ddpg by autograd", "sac with sde"}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in CASES])
def test_wherever_a_run_is_stopped_it_goes_on_to_the_last_bit(tmp_path, cartpole, name):
    algorithm, environment, policy = CASES[name]
    config = cartpole(
        STEPS,
        algorithm=algorithm,
        policy=policy,
        environment={"id": environment, "n_envs": 1 if "episodes" in name else 2},
        training={"total_timesteps": STEPS, "log_interval": 1, "precision": "fp32"},
        evaluation={"enabled": False},
        video={"enabled": False},
        tracking={"tensorboard": False},
        checkpoints={"every_steps": None, "every_seconds": None},
    )
    straight = Life(tmp_path / "straight", config)
    straight.live(0, resume=False)
    broken = Life(tmp_path / "broken", config)
    # A prime number of hold points in each life, so that it is stopped at ever other places of an iteration.
    while broken.live(17, resume=bool(broken.places)).stopped:
        assert len(broken.places) < 200
    within = {place[1].split()[0] for place in broken.places if place[1]}
    assert within == ({"step"} if name == "a2c" else {"step", "gradient"})
    assert broken.points == straight.points
    assert broken.weights.keys() == straight.weights.keys()
    for key, tensor in straight.weights.items():
        assert torch.equal(torch.as_tensor(tensor), torch.as_tensor(broken.weights[key])), key
