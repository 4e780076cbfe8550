"""A saved model is plain Stable-Baselines3's: it loads where this package does not exist, and acts the same."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.algorithms.test_own_generators import RUNS

# Refuses our package, loads, predicts, and trains on: the optimiser's state must be whole too.
STRANGER = """
import json, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "trainer":
            raise ImportError("this process must not need " + name)

sys.meta_path.insert(0, Refuse())
import warnings
warnings.simplefilter("error")
import numpy as np
import stable_baselines3

kind, path, observations = sys.argv[1:]
model = getattr(stable_baselines3, kind).load(path, device="cpu")
actions, _ = model.predict(np.load(observations), deterministic=True)
assert type(model).__module__.startswith("stable_baselines3."), type(model)
for holder in (model.policy, getattr(model, "actor", None), getattr(model, "critic", None)):
    optimizer = getattr(holder, "optimizer", None)
    if optimizer is not None:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = parameter.detach().clone()
        optimizer.step()
print(json.dumps({"actions": actions.tolist(), "noise": repr(getattr(model, "action_noise", None))}))
"""


@pytest.mark.parametrize("name", RUNS)
def test_plain_stable_baselines3_loads_it_and_predicts_the_same(build, tmp_path, name):
    environment, algorithm = RUNS[name]
    early = {"learning_starts": 8} if "learning_starts" in algorithm else {}
    model, learner = build(environment, {**algorithm, **early})
    for _ in range(12 if hasattr(model, "train_freq") else 2):
        learner.iterate()
    model.save(tmp_path / "model.zip")
    generator = np.random.default_rng(0)
    space = model.observation_space
    shape = (16, *space.shape)
    observations = (
        generator.integers(0, 256, shape, dtype=np.uint8)
        if space.dtype == np.uint8
        else generator.standard_normal(shape).astype(np.float32)
    )
    np.save(tmp_path / "observations.npy", observations)
    arguments = (algorithm["name"].upper(), tmp_path / "model.zip", tmp_path / "observations.npy")
    done = subprocess.run(
        [sys.executable, "-c", STRANGER, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    expected, _ = model.predict(observations, deterministic=True)
    np.testing.assert_array_equal(np.asarray(found["actions"], dtype=expected.dtype), expected)
    if "action_noise" in algorithm:
        assert "Noise" in found["noise"]
