"""One's own defaults over real HTTP: made when asked for, changed a key at a time, begun with by their name."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_rest_runs import error_of, faults_of

WHERE = "/api/settings/defaults"


@pytest.fixture
def clean(client):
    """Before and after, there is no file."""
    path = Path(client.get(WHERE).json()["path"])
    path.unlink(missing_ok=True)
    yield path
    path.unlink(missing_ok=True)


def test_the_file_is_made_changed_and_begun_with(client, clean):
    assert client.get(WHERE).json() == {"path": str(clean), "exists": False, "values": {}, "faults": []}
    made = client.post(WHERE)
    assert (made.status_code, made.json()["exists"], clean.is_file()) == (201, True, True)
    assert error_of(client.post(WHERE)) == (409, "conflict")

    for key, value in {"training.seed": 0, "environment.frame_stack": None, "tags": []}.items():
        assert client.patch(WHERE, json={"key": key, "value": value}).json()["values"][key] == value
    run = client.post("/api/runs", json={"preset": "defaults", "overrides": {"name": "mine"}, "start": False}).json()
    assert (run["preset"], run["seed"], run["name"]) == (None, 0, "mine")
    client.post(f"/api/runs/{run['id']}/stop")
    left = client.patch(WHERE, json={"key": "training.seed", "remove": True}).json()["values"]
    assert left == {"environment.frame_stack": None, "tags": []}


def test_what_is_refused_changes_nothing_and_a_damaged_file_is_told_by_its_line(client, clean):
    assert faults_of(client.patch(WHERE, json={"key": "ppo:algorithm.gamma", "value": 2})).keys() == {"algorithm.gamma"}
    assert error_of(client.patch(WHERE, json={"key": "no.such", "value": 2})) == (404, "not_found")
    assert client.patch(WHERE, json={"key": "training.seed"}).status_code == 422
    clean.parent.mkdir(parents=True, exist_ok=True)
    clean.write_text("[training]\nsede = 1\n")
    (fault,) = client.get(WHERE).json()["faults"]
    assert fault["message"].startswith("line 2")
    refused = client.post("/api/runs", json={"preset": "defaults", "start": False})
    assert "training.sede" in faults_of(refused)
    fine = client.post("/api/runs", json={"preset": "ppo_cartpole", "start": False})
    assert fine.status_code == 201, "presets know nothing of the file"
    client.post(f"/api/runs/{fine.json()['id']}/stop")
