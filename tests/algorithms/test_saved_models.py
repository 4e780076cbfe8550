"""A saved model is plain: it loads in its library where this package does not exist, and acts the same."""

import json
import subprocess
import sys

import numpy as np

from tests.algorithms.test_own_generators import RUNS
from trainer.algorithms.build import PLAIN

# Refuses our package, loads, predicts, and trains on: the optimiser's state must be whole too.
STRANGER = """
import importlib, json, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "trainer":
            raise ImportError("this process must not need " + name)

sys.meta_path.insert(0, Refuse())
import warnings
warnings.simplefilter("error")
import numpy as np

answers = {}
for name, (library, kind) in json.loads(sys.argv[1]).items():
    model = getattr(importlib.import_module(library), kind).load(name + ".zip", device="cpu")
    actions, _ = model.predict(np.load(name + ".npy"), deterministic=True)
    assert type(model).__module__.startswith(library + "."), type(model)
    for holder in (model.policy, getattr(model, "actor", None), getattr(model, "critic", None)):
        optimizer = getattr(holder, "optimizer", None)
        if optimizer is not None:
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    parameter.grad = parameter.detach().clone()
            optimizer.step()
    answers[name] = {"actions": actions.tolist(), "noise": repr(getattr(model, "action_noise", None))}
print(json.dumps(answers))
"""


def test_plain_libraries_load_every_one_and_predict_the_same(build, tmp_path):
    # What learns in hindsight needs its goals' environment to load; tests/runs/test_all_algorithms.py gives it.
    names = [name for name in RUNS if name != "her"]
    expected = {name: _saved(build, tmp_path, name) for name in names}
    classes = {name: PLAIN[RUNS[name][1]["name"]] for name in names}
    asked = {name: (plain.__module__.partition(".")[0], plain.__name__) for name, plain in classes.items()}
    done = subprocess.run(
        [sys.executable, "-c", STRANGER, json.dumps(asked)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    for name in names:
        found = np.asarray(answers[name]["actions"], dtype=expected[name].dtype)
        np.testing.assert_array_equal(found, expected[name], err_msg=name)
        if "action_noise" in RUNS[name][1]:
            assert "Noise" in answers[name]["noise"], name


def _saved(build, folder, name):
    """Train a model a little, save it beside some observations, and return its actions for them."""
    environment, algorithm = RUNS[name]
    early = {"learning_starts": 8} if "learning_starts" in algorithm else {}
    model, learner = build(environment, {**algorithm, **early})
    for _ in range(12 if hasattr(model, "train_freq") else 2):
        learner.iterate()
    model.save(folder / f"{name}.zip")
    generator = np.random.default_rng(0)
    space = model.observation_space
    shape = (16, *space.shape)
    observations = (
        generator.integers(0, 256, shape, dtype=np.uint8)
        if space.dtype == np.uint8
        else generator.standard_normal(shape).astype(np.float32)
    )
    np.save(folder / f"{name}.npy", observations)
    return model.predict(observations, deterministic=True)[0]
