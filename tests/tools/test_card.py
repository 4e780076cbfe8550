"""A model card is read by Hugging Face, and what lies beside it loads in plain Stable-Baselines3."""

import json
import subprocess
import sys

import pytest
import yaml

from trainer.tools.card import library_class, make_card
from trainer.tools.progress import Progress
from trainer.tools.subject import Subject


@pytest.fixture(scope="module")
def card(trained_engine, pendulum_run, tmp_path_factory):
    place = tmp_path_factory.mktemp("card") / "step"
    subject = Subject.read(trained_engine.layout.run(pendulum_run))
    return make_card(subject, episodes=2, progress=Progress(), place=place), place


def test_its_header_says_what_the_model_is_and_what_it_reached(card):
    _, place = card
    _, header, text = (place / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    data = yaml.safe_load(header)
    results = json.loads((place / "results.json").read_text())
    assert data["library_name"] == "stable-baselines3"
    assert {"Pendulum-v1", "reinforcement-learning", "stable-baselines3"} <= set(data["tags"])
    (model,) = data["model-index"]
    (result,) = model["results"]
    assert model["name"] == "SAC"
    assert result["dataset"]["name"] == "Pendulum-v1"
    (metric,) = result["metrics"]
    assert metric["type"] == "mean_reward"
    assert metric["value"] == f"{results['all']['mean']:.2f} +/- {results['all']['std']:.2f}"
    assert "SAC agent playing Pendulum-v1" in text


def test_its_own_lines_of_python_act_in_a_process_without_this_program(card):
    _, place = card
    text = (place / "README.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    code = "import gymnasium, numpy as np\nobservation = np.ones((1, 3), np.float32)\n" + code + "print(action.shape)\n"
    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=place, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "(1, 1)", done.stderr


def test_it_names_the_command_that_uploads_it_and_holds_the_configuration(card):
    about, place = card
    assert about["upload"] == f"hf upload YOUR_NAME/sac-Pendulum-v1 {place}"
    assert json.loads((place / "config.json").read_text())["environment"]["id"] == "Pendulum-v1"
    assert sorted(file.name for file in place.iterdir()) == [
        "README.md",
        "config.json",
        "export.json",
        "model.zip",
        "normalization.npz",
        "results.json",
    ]


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("ppo", ("stable_baselines3", "PPO")),
        ("her", ("stable_baselines3", "SAC")),
        ("ars", ("sb3_contrib", "ARS")),
        ("recurrent_ppo", ("sb3_contrib", "RecurrentPPO")),
        ("qrdqn", ("sb3_contrib", "QRDQN")),
    ],
)
def test_each_algorithm_has_the_class_that_loads_it(algorithm, expected):
    assert library_class(algorithm) == expected
