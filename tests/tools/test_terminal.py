"""The tools as commands: what they print, what they ask, and their exit statuses."""

import json
import sys

import pytest

import app
from tests.tools.conftest import train
from trainer.engine import Engine
from trainer.runs.checkpoints import checkpoints_in


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """A folder with an ended run, which nobody has open, and the run's id."""
    folder = tmp_path_factory.mktemp("commands") / "outputs"
    engine = Engine(folder)
    run_id = train(engine, "cartpole")
    engine.close()
    return folder, run_id


@pytest.fixture
def command(outputs, capsys):
    def command(*words):
        status = app.main([*words, "--outputs", str(outputs[0])])
        return status, capsys.readouterr()

    return command


def test_evaluate_ends_with_one_line_of_json(outputs, command):
    _, run_id = outputs
    status, said = command("evaluate", run_id, "--episodes", "2", "--seeds", "3,4", "--stochastic", "--json")
    assert status == 0
    assert said.out.count("\n") == 1
    result = json.loads(said.out)
    assert [row["seed"] for row in result["seeds"]] == [3, 4]
    assert (result["all"]["episodes"], result["deterministic"]) == (4, False)
    status, said = command("evaluate", run_id, "--checkpoint", "best", "--episodes", "1", "--seeds", "3,4")
    assert status == 0
    assert [line.split()[0] for line in said.out.splitlines()[:3]] == ["seed", "seed", "all"]


def test_export_writes_into_the_folder_that_was_named_and_into_no_other(outputs, command, tmp_path):
    _, run_id = outputs
    place = tmp_path / "policy"
    status, said = command("export", run_id, "--format", "torchscript", "--to", str(place))
    assert status == 0, said.err
    assert "equal actions on 256 observations" in said.out
    assert (place / "policy.pt").is_file()
    assert command("export", run_id, "--format", "torchscript", "--to", str(place))[0] == 0
    (tmp_path / "mine.txt").write_text("keep me")
    status, said = command("export", run_id, "--format", "torchscript", "--to", str(tmp_path))
    assert status == 2
    assert "other files" in said.err
    assert (tmp_path / "mine.txt").read_text() == "keep me"


def test_prune_shows_what_goes_and_deletes_only_when_it_is_told_to(outputs, command, monkeypatch):
    folder, run_id = outputs
    directory = folder / "runs" / run_id
    before = len(checkpoints_in(directory))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    status, said = command("prune", run_id, "--no-best", "--no-milestones")
    assert status == 0
    assert "Nothing was deleted." in said.out
    assert "come free" in said.err
    assert len(checkpoints_in(directory)) == before
    status, said = command("prune", run_id, "--no-best", "--no-milestones", "--yes", "--json")
    assert json.loads(said.out)["checkpoints"] == before - 1
    assert len(checkpoints_in(directory)) == 1


def test_a_run_or_checkpoint_that_is_not_there_is_a_bad_request(outputs, command):
    _, run_id = outputs
    assert command("evaluate", run_id[:-1])[0] == 2
    status, said = command("evaluate", run_id, "--checkpoint", "7")
    assert status == 2
    assert "1,024" in said.err


def test_the_doctor_looks_at_everything_and_hides_the_password(outputs, command):
    status, said = command("doctor", "--json")
    found = {each["name"]: each for each in json.loads(said.out)["findings"]}
    assert status == 0, [each for each in found.values() if each["level"] == "fault"]
    names = {"Python", "torch", "PyTorch", "cores", "memory", "outputs folder", "database", "video encoder", "drawing"}
    assert names | {"NVML", "Classic control"} <= set(found)
    assert found["database"]["words"].startswith("SQLite")
    assert found["Atari"]["words"] == "104 environments, 352 ids", "as the Environments tab counts them"


def test_the_doctor_says_what_is_broken_and_goes_on(outputs, capsys):
    status = app.main(["doctor", "--outputs", str(outputs[0]), "--database", "postgresql://me:secret@127.0.0.1:1/none"])
    said = capsys.readouterr().out
    assert status == 1
    assert "fault  database" in said
    assert "secret" not in said
    assert "Classic control" in said
