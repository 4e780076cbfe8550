"""The command line as scripts use it: exit statuses, the line of JSON, Ctrl+C, and what is refused."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.serving_process import Server
from trainer.engine import Engine

ROOT = Path(__file__).resolve().parents[2]
QUICK = [
    "--set",
    "training.total_timesteps=2000",
    "--set",
    "evaluation.final_episodes=2",
    "--set",
    "video.enabled=false",
]


def _start(*arguments, **kwargs):
    command = [sys.executable, str(ROOT / "app.py"), *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", **kwargs
    )


def _run(*arguments):
    process = _start(*arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def test_train_completes_with_one_line_of_json_and_the_page_sees_the_run(tmp_path):
    status, out, err = _run("train", "ppo_cartpole", *QUICK, "--json", "--outputs", str(tmp_path))
    assert status == 0, err
    assert out.count("\n") == 1
    result = json.loads(out)
    assert set(result) == {"id", "status", "step", "evaluation", "directory"}
    assert set(result["evaluation"]) == {"mean_return", "std_return", "episodes"}
    assert (result["status"], result["evaluation"]["episodes"]) == ("completed", 2)
    assert Path(result["directory"]).is_dir()
    engine = Engine(tmp_path)
    try:
        (run,) = engine.snapshot()["runs"]
        assert (run["id"], run["status"], run["preset"]) == (result["id"], "completed", "ppo_cartpole")
    finally:
        engine.close()


def test_the_same_seed_gives_the_same_run_to_the_last_bit(tmp_path):
    for _ in range(2):
        assert _run("train", "ppo_cartpole", *QUICK, "--outputs", str(tmp_path))[0] == 0
    engine = Engine(tmp_path)
    try:
        first, second = (engine.store.metrics(record.id).series for record in engine.manager.list().items)
        clocks = {"time/fps", "time/time_elapsed"}
        assert first.keys() == second.keys()
        assert {name: first[name].values for name in first.keys() - clocks} == {
            name: second[name].values for name in second.keys() - clocks
        }
    finally:
        engine.close()


def test_the_command_a_run_writes_down_does_the_same_run_again(tmp_path):
    from trainer.terminal import configure, load_preset

    engine = Engine(tmp_path)
    try:
        preset = load_preset(engine, "dqn_cartpole")
        changes = {"algorithm.gamma": 0.5, "training.seed": 0, "environment.kwargs": {}, "video.enabled": False}
        config = configure(
            preset,
            {
                **changes,
                "name": "a 'quoted' name",
                "evaluation.reward_threshold": None,
                "evaluation.stop_on_threshold": False,
            },
        )
        record = engine.manager.submit(config, preset="dqn_cartpole", start=False)
        import shlex

        words = shlex.split((engine.layout.run(record.id) / "command.txt").read_text())
    finally:
        engine.close()
    assert words[1:3] == ["train", "dqn_cartpole"]
    from trainer.config import parse_set_flag

    overrides = dict(parse_set_flag(word) for word in words[4::2])
    assert configure(preset, overrides) == config


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no_such_preset"], "no preset named no_such_preset"),
        (["ppo_cartpol"], "Did you mean ppo_cartpole?"),
        (["../../no/such/file"], "cannot be read"),
        (["ppo_cartpole", "--set", "algorithm.gama=0.9"], "algorithm.gama: is not a known setting"),
        (["ppo_cartpole", "--set", "algorithm.gamma=high"], "algorithm.gamma"),
        (["ppo_cartpole", "--set", "nonsense"], "Write it like"),
        (["ppo_cartpole", "--set", "environment.id=Pendulum-v1", "--set", "algorithm.name=dqn"], "algorithm.name"),
        (["ppo_cartpole", "--set", "environment.id=NoSuch-v1"], "environment.id"),
        (["ppo_cartpole", "--set", "training.device=cuda:99"], "training.device: the device cuda:99 cannot be used"),
        (["ppo_cartpole", "--set", 'environment.kwargs={"render_mode": "human"}'], "environment.kwargs: render_mode"),
        (["ppo_cartpole", "--set", "training.seed=4294967296"], "at most 4,294,967,295"),
    ],
)
def test_a_bad_configuration_ends_with_2_and_names_the_field(tmp_path, arguments, words):
    status, out, err = _run("train", *arguments, "--outputs", str(tmp_path))
    assert (status, out) == (2, "")
    assert words in err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("runs/*"))


def test_a_truncated_preset_file_is_refused_with_the_place(tmp_path):
    path = tmp_path / "torn.json"
    path.write_text('{"schema_version": 1, "config": {"environment": {"id": "CartP')
    status, _, err = _run("train", str(path), "--outputs", str(tmp_path))
    assert status == 2
    assert "line 1" in err


def test_a_run_that_fails_ends_with_3(tmp_path):
    status, _, err = _run(
        "train", "ppo_cartpole", *QUICK, "--set", "algorithm.rollout_buffer_class=os:getcwd", "--outputs", str(tmp_path)
    )
    assert status == 3, err
    assert "failed" in err


def test_a_database_that_cannot_be_had_ends_with_3(tmp_path):
    outputs = tmp_path / "outputs"
    outputs.mkdir()
    (outputs / "palaestra.db").write_text("this is no database, and it is long enough to be looked at as one" * 20)
    status, _, err = _run("train", "ppo_cartpole", *QUICK, "--outputs", str(outputs))
    assert status == 3, err
    assert "Traceback" not in err


def test_what_is_not_recommended_is_said_before_training(tmp_path):
    status, _, err = _run(
        "train", "ppo_cartpole", *QUICK, "--set", "algorithm.batch_size=100", "--outputs", str(tmp_path)
    )
    assert status == 0, err
    assert "algorithm.batch_size does not divide" in err
    assert "UserWarning" not in err


def _start_endless(outputs):
    """Start a run that would take for ever, and wait until it trains."""
    process = _start(
        "train", "ppo_cartpole", "--set", "training.total_timesteps=100000000", "--json", "--outputs", str(outputs)
    )
    deadline = time.monotonic() + 60
    while not list(outputs.glob("runs/*/log.txt")) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(3)
    return process


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
@pytest.mark.alone
def test_the_second_ctrl_c_ends_at_once_and_the_run_is_told_interrupted(tmp_path):
    process = _start_endless(tmp_path)
    # A stop would take its time: the run is amid a rollout. The second signal comes before it is through.
    process.send_signal(signal.SIGINT)
    time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - began < 3.0
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert json.loads(out)["status"] in ("interrupted", "stopped")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_ctrl_c_stops_with_a_checkpoint_and_130(tmp_path):
    process = _start_endless(tmp_path)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    result = json.loads(out)
    assert result["status"] == "stopped"
    checkpoints = Path(result["directory"]) / "checkpoints"
    assert (checkpoints / (checkpoints / "latest").read_text().strip() / "model.zip").is_file()


def test_help_explains_every_flag_and_command():
    status, out, _ = _run("--help")
    assert status == 0
    for word in (
        *("--listen", "--server-port", "--share", "--inbrowser", "--username", "--password", "--api-token"),
        *("--root-path", "--headless", "--theme", "--outputs", "--database", "--config", "--debug", "train", "presets"),
    ):
        assert word in out
    status, out, _ = _run("train", "--help")
    assert status == 0
    assert "--set" in out
    assert "130 interrupted" in out.replace("\n", " ")


def test_presets_are_listed():
    status, out, _ = _run("presets")
    assert status == 0
    assert "ppo_cartpole" in out
    assert "dqn_pong" in out


def test_opening_to_the_network_without_a_login_is_refused():
    status, _, err = _run("--listen", "0.0.0.0")
    assert status == 2
    assert "give --username and --password" in err
    status, _, err = _run("--share")
    assert status == 2
    assert "give --username and --password" in err


@pytest.mark.parametrize("module", ["app", "bench.__main__", "trainer.runs.executors.child"])
def test_nothing_is_calculated_with_before_the_process_is_prepared(module):
    code = f"import sys, {module}; print([name for name in ('numpy', 'torch', 'gradio') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_the_user_has_set_for_the_process_stays(monkeypatch):
    from trainer import process

    monkeypatch.setattr(os, "environ", {"OPENBLAS_NUM_THREADS": "2"})
    monkeypatch.setattr(process, "_keep_freed_memory", lambda: None)
    process.prepare()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "2"
    assert os.environ["GOMP_SPINCOUNT"] == process.ENVIRONMENT["GOMP_SPINCOUNT"]


@pytest.mark.alone
def test_a_server_that_has_nothing_to_do_sleeps(tmp_path):
    server = Server(tmp_path)
    try:
        server.wait_until_up()
        process = psutil.Process(server.process.pid)
        # At first it imports what training will need.
        assert any(_busy(process, 2.0) < 0.03 for _ in range(15))
    finally:
        server.close()


def _busy(process, seconds):
    """Return the part of a core that a process takes over some seconds."""
    before = process.cpu_times()
    time.sleep(seconds)
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / seconds


def test_a_run_is_forked_in_the_terminal(tmp_path):
    outputs = ["--json", "--outputs", str(tmp_path)]
    saves = ["--set", "checkpoints.every_steps=512", "--set", "evaluation.frequency=100000"]
    status, out, err = _run("train", "ppo_cartpole", *QUICK, *saves, *outputs)
    assert status == 0, err
    parent = json.loads(out)
    steps = sorted(int(path.name[5:]) for path in (Path(parent["directory"]) / "checkpoints").glob("step_*"))
    first = str(steps[0])
    status, out, err = _run(
        "fork", parent["id"], "--step", first, "--set", "algorithm.gamma=0.9", "--name", "x", *outputs
    )
    assert status == 0, err
    fork = json.loads(out)
    assert fork["id"] != parent["id"]
    assert fork["step"] == parent["step"]
    assert f"From step {steps[0]:,} of {parent['id']}." in err
    command = (Path(fork["directory"]) / "command.txt").read_text()
    assert f"fork {parent['id']} --step {first} --set algorithm.gamma=0.9" in command
    status, _, err = _run("fork", parent["id"], "--set", "policy.net_arch=[8]", "--outputs", str(tmp_path))
    assert status == 2
    assert "policy.net_arch: cannot change at a fork" in err
    assert "training.total_timesteps" in err


def test_a_dry_run_says_what_it_would_take_and_leaves_no_run(tmp_path):
    status, out, err = _run("train", "sac_pendulum", "--dry-run", "--outputs", str(tmp_path))
    assert status == 0, err
    for words in ("This configuration can run.", "memory ", "replay: ", "time ", "steps/s", "disk ", "checkpoints: "):
        assert words in out
    assert not list((tmp_path / "runs").iterdir())


def test_a_dry_run_of_what_cannot_run_says_why_in_json_too(tmp_path):
    faulty = ["--set", "environment.id=CartPole-v1", "--outputs", str(tmp_path)]
    status, out, err = _run("train", "sac_pendulum", "--dry-run", "--json", *faulty)
    assert status == 2, err
    review = json.loads(out)
    assert not review["ok"]
    assert review["faults"][0]["field"] == "algorithm.name"
    assert review["faults"][0]["fix"] == {"algorithm.name": "dqn"}
