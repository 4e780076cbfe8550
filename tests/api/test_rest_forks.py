"""Forks and families over real HTTP."""

from __future__ import annotations

import time

import pytest
from published import small_run


@pytest.fixture(scope="module")
def parent(engine) -> str:
    """Id of a completed run with checkpoints at 128, 256, 384 and 512."""
    from trainer.config import load_config

    saves = {"every_steps": 128, "every_seconds": None, "keep": 9}
    run_id = engine.manager.submit(load_config(small_run(name="parent", checkpoints=saves))).id
    assert engine.manager.wait(run_id, 120)
    return run_id


def until_ended(client, run_id):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        run = client.get(f"/api/runs/{run_id}").json()
        if run["status"] in ("completed", "failed"):
            return run
        time.sleep(0.05)
    raise AssertionError(f"the run is {run['status']}")


def test_a_fork_is_made_like_a_run_and_says_where_it_comes_from(client, parent):
    body = {"step": 256, "overrides": {"algorithm.gamma": 0.9}, "name": "child"}
    answer = client.post(f"/api/runs/{parent}/fork", json=body)
    assert answer.status_code == 201
    fork = answer.json()
    assert answer.headers["location"] == f"/api/runs/{fork['id']}"
    assert (fork["parent_id"], fork["parent_step"], fork["name"]) == (parent, 256, "child")
    assert fork["difference"] == {"algorithm.gamma": [0.99, 0.9]}
    assert fork["step"] >= 256
    ended = until_ended(client, fork["id"])
    assert (ended["status"], ended["step"]) == ("completed", 512)
    own = client.get(f"/api/runs/{parent}").json()
    assert len(own["config_hash"]) == 12 != ended["config_hash"]
    assert own["config_hash"] != ended["config_hash"]
    assert own["parent_id"] is own["difference"] is None
    config = client.get(f"/api/runs/{fork['id']}/config").json()
    assert (config["algorithm"]["gamma"], config["name"]) == (0.9, "child")


def test_a_family_is_told_parents_first_with_what_differs(client, parent):
    child = client.post(f"/api/runs/{parent}/fork", json={"step": 128, "start": False}).json()
    assert child["status"] == "queued"
    runs = client.get(f"/api/runs/{child['id']}/family").json()["runs"]
    assert runs[0]["id"] == parent
    mine = next(run for run in runs if run["id"] == child["id"])
    assert (mine["parent_id"], mine["parent_step"], mine["difference"]) == (parent, 128, {})
    assert {"returns", "status", "step", "config_hash", "git_commit", "evaluation"} <= set(mine)
    client.post(f"/api/runs/{child['id']}/stop")
    assert client.get("/api/runs/nobody/family").status_code == 404


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"step": 7}, "step", "there is no checkpoint of step 7"),
        ({"step": "7"}, "step", "integer"),
        ({}, "training.total_timesteps", "already"),
        ({"step": 256, "overrides": {"policy.net_arch": [4]}}, "policy.net_arch", "cannot change at a fork"),
        ({"step": 256, "overrides": {"algorithm.gama": 0.9}}, "algorithm.gama", "not a known setting"),
        ({"step": 256, "overrides": {"algorithm.gamma": "x"}}, "algorithm.gamma", "number"),
        ({"steps": 256}, "steps", ""),
    ],
)
def test_a_fork_that_cannot_be_is_refused_at_its_field_and_leaves_nothing(client, parent, body, field, words):
    before = len(client.get("/api/runs?limit=1000").json()["runs"])
    answer = client.post(f"/api/runs/{parent}/fork", json=body)
    assert answer.status_code == 422, answer.text
    faults = {fault["field"]: fault["message"] for fault in answer.json()["error"]["details"]}
    assert words in faults[field]
    assert len(client.get("/api/runs?limit=1000").json()["runs"]) == before


def test_the_settings_of_an_algorithm_say_which_a_fork_has_to_keep(client):
    fields = client.get("/api/config/fields?algorithm=sac").json()["fields"]
    fixed = {field["path"]: field["fixed"] for field in fields}
    assert fixed["policy.net_arch"]
    assert fixed["environment.id"]
    assert fixed["algorithm.learning_rate"] is None
    assert "algorithm.clip_range" not in fixed
    everything = client.get("/api/config/fields").json()["fields"]
    told = {
        (field["algorithm"], field["algorithm_label"], field["section"], field["section_title"]) for field in everything
    }
    assert {("qrdqn", "QR-DQN", "algorithm", "Algorithm"), (None, None, "run", "Name and notes")} <= told
    assert {"algorithm.clip_range", "algorithm.tau"} <= {field["path"] for field in everything}
