"""A model card is read by Hugging Face, and what lies beside it loads in plain Stable-Baselines3."""

import json
import subprocess
import sys

import numpy as np
import pytest
import yaml

from tests.algorithms.goal_world import GOALS
from tests.tools.direct import train_directly
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


def _their_lines(cards):
    """Run cards' own lines where nobody knows of this program; return what each acts.

    :param cards: folder and what the lines before them set, of each
    """
    code = "import os\nimport numpy as np\n"
    for place, given in cards:
        text = (place / "README.md").read_text(encoding="utf-8")
        lines = text.split("```python\n")[1].split("```")[0]
        code += f"os.chdir({str(place)!r})\n{given}\n{lines}print(action.reshape(-1).tolist())\n"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _acted(directory):
    """Return what the lines are given, and what our policy does then."""
    subject = Subject.read(directory)
    mask = np.array([[False, False, True, False]])
    with subject.examined_in(0, 1) as env:
        env.seed(3)
        shown = env.reset()
        raw = env.get_original_obs() if subject.config.environment.normalize_observation else shown
        masks = {"action_masks": mask} if subject.config.algorithm.name == "maskable_ppo" else {}
        ours = subject.model(env).predict(shown, deterministic=True, **masks)[0]
    parts = raw if isinstance(raw, dict) else {"": raw}
    given = ", ".join(f"{key!r}: np.array({rows.tolist()}, np.float32)" for key, rows in parts.items())
    given = f"observation = {{{given}}}" + ("" if isinstance(raw, dict) else "['']")
    return f"mask = np.array({mask.tolist()})\n{given}", np.asarray(ours, dtype=float).reshape(-1).tolist()


def test_their_own_lines_of_python_act_as_ours_in_a_process_without_this_program(
    card, trained_engine, pendulum_run, tmp_path
):
    directories = {
        "pendulum": trained_engine.layout.run(pendulum_run),
        "her": train_directly(trained_engine, "her", id=GOALS, normalize_observation=True),
        "recurrent_ppo": train_directly(trained_engine, "recurrent_ppo"),
        "maskable_ppo": train_directly(trained_engine, "maskable_ppo"),
    }
    places = {"pendulum": card[1]}
    for name in list(directories)[1:]:
        places[name] = tmp_path / name
        make_card(Subject.read(directories[name]), episodes=1, progress=Progress(), place=places[name])
    acted = {name: _acted(directory) for name, directory in directories.items()}
    found = _their_lines([(places[name], given) for name, (given, _) in acted.items()])
    for theirs, (name, (_, ours)) in zip(found, acted.items(), strict=True):
        assert theirs == pytest.approx(ours, abs=1e-5), name
    assert found[-1] == [2], "the only action that the mask leaves"


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
