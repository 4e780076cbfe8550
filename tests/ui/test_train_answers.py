"""What the server answers to the Train tab, over a real engine: truth, every fault at once, nothing lost."""

import json
from pathlib import Path

import pytest

from trainer.config import field_specs
from trainer.engine import Engine
from trainer.errors import ConflictError
from trainer.paths import OUTPUTS
from trainer.runs.command import into
from ui.components.form import describe_form
from ui.train_tab import create_answers


@pytest.fixture
def engine(tmp_path):
    engine = Engine(tmp_path / "outputs", user_presets=tmp_path / "presets")
    yield engine
    engine.close()


@pytest.fixture
def ask(engine):
    answers = create_answers(engine)

    def ask(name, /, **request):
        reply = answers[name](request)
        json.dumps(reply, allow_nan=False)  # what a browser can read
        return reply

    return ask


@pytest.fixture
def filled(ask):
    """The form as a new page shows it, with some values replaced."""
    form = ask("opening")["answer"]["form"]

    def fill(**values):
        return {**form, "values": {**form["values"], **values}}

    return fill


def test_the_form_describes_every_setting_with_help_and_source():
    form = describe_form()
    assert {field["key"] for field in form["fields"]} == {spec.key for spec in field_specs()}
    assert all(field["title"] and field["help"] and field["source"] for field in form["fields"])
    assert {section["name"] for section in form["sections"]} == {field["section"] for field in form["fields"]}


def test_a_new_page_shows_a_preset_that_can_be_started_at_once(ask, filled):
    assert filled()["preset"] == "ppo_cartpole"
    answer = ask("review", filled=filled())["answer"]
    assert answer["faults"] == []
    assert answer["summary"] == "PPO on CartPole-v1, 100,000 steps, seed 0"
    assert set(answer["environment"]["unfit"]) == {"ddpg", "td3", "sac", "her", "tqc", "crossq"}


@pytest.mark.parametrize(
    ("environment", "facts"),
    [
        ("CliffWalking-v1", ["observes one of 48 states", "4 actions"]),
        ("Pendulum-v1", ["observes 3 numbers", "1 continuous action"]),
        ("CarRacing-v3", ["observes an image of 96 × 96 × 3", "3 continuous actions"]),
    ],
)
def test_what_an_environment_shows_and_takes_is_told_in_words(ask, filled, environment, facts):
    told = ask("review", filled=filled(**{"environment.id": environment}))["answer"]["environment"]["facts"]
    assert told[:2] == facts


@pytest.mark.parametrize(
    ("environment", "threshold", "fix"),
    [
        ("Pendulum-v1", 475, None),
        ("LunarLander-v3", 475, 200),
        ("Pendulum-v1", 470, "unsaid"),
        ("CartPole-v1", 475, "unsaid"),
        ("CartPole-v1", 195, "unsaid"),  # CartPole-v0's
    ],
)
def test_a_threshold_that_is_another_environments_is_told(ask, filled, environment, threshold, fix):
    asked = filled(**{"environment.id": environment, "evaluation.reward_threshold": threshold})
    told = [each for each in ask("review", filled=asked)["answer"]["advice"] if "threshold" in each["field"]]
    expected = [] if fix == "unsaid" else [{"evaluation.reward_threshold": fix}]
    assert [each["fix"] for each in told] == expected
    assert all("CartPole-v1 counts as solved" in each["message"] for each in told)


def test_an_unreadable_observation_comes_with_the_wrapper_that_makes_it_readable(ask, filled):
    pytest.importorskip("minigrid")
    asked = filled(**{"environment.id": "MiniGrid-Empty-5x5-v0"})
    answer = ask("review", filled=asked)["answer"]
    assert answer["environment"]["facts"][:2] == ["observations that need a wrapper", "7 actions"]
    [fault] = answer["faults"]
    wrappers = fault["fix"]["environment.wrappers"]
    assert [each["entry_point"] for each in wrappers] == ["minigrid.wrappers:FlatObsWrapper"]
    asked["values"]["environment.wrappers"] = json.dumps(wrappers)
    assert ask("review", filled=asked)["answer"]["faults"] == []


def test_every_fault_comes_at_once_each_with_its_field(ask, filled):
    faults = ask("review", filled=filled(**{"ppo:algorithm.gamma": "high", "environment.n_envs": 0}))["answer"][
        "faults"
    ]
    assert {"algorithm.gamma", "environment.n_envs"} <= {fault["field"] for fault in faults}


def test_start_submits_the_run_with_its_preset_and_queue_holds_it_back(ask, filled, engine):
    run = ask("enqueue", filled=filled(**{"training.total_timesteps": 1000}))["answer"]["run"]
    assert (run["status"], run["preset"], run["total_steps"]) == ("queued", "ppo_cartpole", 1000)
    assert run["actions"]["start"] is None
    run = ask("start", filled=filled(**{"training.total_timesteps": 1000, "evaluation.enabled": False}))["answer"][
        "run"
    ]
    assert engine.manager.wait(run["id"], 60)
    assert engine.manager.get(run["id"]).status == "completed"


def test_a_refused_start_names_the_fields_and_makes_no_run(ask, filled, engine):
    error = ask("start", filled=filled(**{"algorithm.name": "dqn", "environment.id": "Pendulum-v1"}))["error"]
    assert error["code"] == "invalid_config"
    assert "algorithm.name" in {fault["field"] for fault in error["details"]}
    assert engine.manager.list().items == []


def test_zero_false_and_empty_survive_saving_and_loading(ask, filled):
    changes = {
        "ppo:algorithm.gae_lambda": 0,
        "ppo:algorithm.ent_coef": 0.0,
        "ppo:algorithm.normalize_advantage": False,
        "environment.normalize_reward": False,
        "video.enabled": False,
        "name": "",
        "tags": "",
    }
    before = filled(**changes)
    assert ask("save_preset", name="mine", filled=before)["answer"]["name"] == "mine"
    after = ask("load_preset", name="mine")["answer"]["values"]
    assert {key: after[key] for key in changes} == changes


@pytest.mark.parametrize("name", ["../evil", "", "a/b", "..", "ppo_cartpole", "x" * 200])
def test_a_bad_preset_name_is_refused_and_nothing_is_written(ask, filled, tmp_path, name):
    assert ask("save_preset", name=name, filled=filled())["error"]["message"]
    assert not list(tmp_path.rglob("*.json"))


def test_an_own_preset_is_replaced_only_when_that_is_said(ask, filled):
    ask("save_preset", name="mine", filled=filled())
    assert ask("save_preset", name="mine", filled=filled())["error"]["code"] == "conflict"
    assert "answer" in ask("save_preset", name="mine", filled=filled(), replace=True)


def test_a_download_can_be_uploaded_again_unchanged(ask, filled):
    before = filled(**{"training.seed": 7})
    answer = ask("download_preset", filled=before)["answer"]
    assert answer["name"] == "ppo_cartpole.json"
    assert ask("import_preset", text=answer["text"], file_name="x.json")["answer"]["form"]["values"] == {
        **ask("load_preset", name="ppo_cartpole")["answer"]["values"],
        "training.seed": 7,
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "line 1"), ('{"config": {"al', "line 1"), ('{"config": {"algorthm": {}}}', "algorthm"), ("[]", "")],
)
def test_a_bad_upload_is_refused_in_words(ask, text, words):
    assert words in ask("import_preset", text=text, file_name="bad.json")["error"]["message"]


def test_a_file_of_the_zoo_is_told_key_by_key_once_its_entry_is_chosen(ask):
    text = "CartPole-v1:\n  gamma: 0.5\n  callback: x\nAcrobot-v1:\n  gamma: 0.6\n"
    first = ask("import_preset", text=text, file_name="a2c.yml")["answer"]
    assert (first["form"], first["entries"]) == (None, ["CartPole-v1", "Acrobot-v1"])
    chosen = ask("import_preset", text=text, file_name="a2c.yml", entry="CartPole-v1")["answer"]
    assert chosen["form"]["values"]["a2c:algorithm.gamma"] == 0.5
    assert {line["key"]: line["taken"] for line in chosen["report"]}["callback"] is False


def test_a_length_and_a_style_are_told_field_by_field_before_they_change_anything(ask, filled):
    base = filled()
    assert ask("adjust_preset", filled=base, baseline=base)["answer"] == {
        "length": "standard",
        "style": "balanced",
        "changes": [],
    }
    answer = ask("adjust_preset", filled=base, baseline=base, length="quick", style="explore")["answer"]
    changes = {change["key"]: change for change in answer["changes"]}
    steps = changes["training.total_timesteps"]
    assert (steps["before"], steps["after"]) == (100_000, 10_000)
    assert changes["ppo:algorithm.ent_coef"]["after"] == 0.01
    assert all(change["why"] for change in answer["changes"])


def test_the_command_does_the_same_in_the_same_place(ask, filled, engine):
    command = ask("command", filled=filled(**{"training.seed": 3}))["answer"]["command"]
    assert command.endswith(f"train ppo_cartpole --set training.seed=3 --outputs {engine.layout.outputs}")


def test_the_usual_outputs_folder_needs_no_flag():
    assert into(OUTPUTS, "./webui.sh train ppo_cartpole") == "./webui.sh train ppo_cartpole"
    assert into(Path("/some where"), "train x", windows=False) == "train x --outputs '/some where'"


def test_every_environment_is_offered_in_its_family(ask):
    groups = ask("environments")["answer"]
    ids = {entry["value"] for group in groups for entry in group["entries"]}
    assert {"CartPole-v1", "ALE/Pong-v5", "PongNoFrameskip-v4", "HalfCheetah-v5", "LunarLander-v3", "Taxi-v4"} <= ids
    titles = [group["title"] for group in groups]
    assert any("Atari" in title for title in titles)
    assert any("MuJoCo" in title for title in titles)


def test_new_begins_with_ones_own_defaults_and_tells_what_is_wrong_with_their_file(ask, engine):
    fresh = ask("new_form")["answer"]
    assert (fresh["preset"], fresh["own"], fresh["faults"]) == (None, 0, [])
    engine.defaults.change("training.seed", 0)
    engine.defaults.change("dqn:algorithm.gamma", 0.5)
    fresh = ask("new_form")["answer"]
    assert (fresh["own"], fresh["values"]["dqn:algorithm.gamma"]) == (2, 0.5)
    with engine.defaults.path.open("a", encoding="utf-8") as file:
        file.write("[nonsense]\nx = 1\n")
    fresh = ask("new_form")["answer"]
    assert fresh["values"]["dqn:algorithm.gamma"] == 0.5, "what is right still counts"
    assert [fault["field"] for fault in fresh["faults"]] == ["nonsense.x"]


def test_the_word_defaults_stands_for_a_preset_without_a_name(engine, tmp_path):
    engine.defaults.change("training.seed", 5)
    preset = engine.preset("defaults")
    assert (preset.name, preset.config.training.seed) == ("", 5)
    with pytest.raises(ConflictError, match="stands for your own defaults"):
        engine.presets.save("defaults", engine.presets.load("ppo_cartpole").config)
    engine.presets.save("once", engine.presets.load("ppo_cartpole").config)
    (tmp_path / "presets" / "once.json").rename(tmp_path / "presets" / "defaults.json")
    assert engine.preset("defaults").config.training.seed == 0, "a preset that was called so before comes first"
