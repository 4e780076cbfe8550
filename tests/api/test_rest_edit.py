"""Editing a run that lives, over real HTTP, and reading back what was edited."""

from __future__ import annotations

import time

import pytest
from published import LONG, small_run

RATE = "algorithm.learning_rate"


@pytest.fixture
def training(client):
    """Address of a run that trains."""
    run_id = client.post("/api/runs", json={"config": small_run(training=LONG)}).json()["id"]
    address = f"/api/runs/{run_id}"
    _until(client, address, lambda run: run["status"] == "running" and run["step"] > 0)
    yield address
    client.post(f"{address}/stop")


def _until(client, address, holds):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        run = client.get(address).json()
        if holds(run):
            return run
        time.sleep(0.05)
    raise AssertionError(f"not within 60 s: {run}")


def _history(client, address, length):
    _until(client, address, lambda run: run["edits"] == length)
    deadline = time.monotonic() + 30
    while len(history := client.get(f"{address}/config").json()["history"]) < length:
        assert time.monotonic() < deadline, history
        time.sleep(0.02)
    return history


def test_an_edit_is_told_by_the_run_its_configuration_and_its_history(client, training):
    assert client.get(f"{training}/config").json()["history"] == []
    assert client.get(training).json()["actions"]["edit"] is None
    answer = client.patch(training, json={"notes": "slower", "overrides": {RATE: 1e-4, "algorithm.ent_coef": 0}})
    assert answer.status_code == 200
    assert answer.json()["notes"] == "slower"
    (edit,) = _history(client, training, 1)
    assert edit["changes"] == {RATE: [3e-4, 1e-4]}
    assert edit["step"] > 0
    assert abs(edit["time"] - time.time()) < 60
    assert client.get(f"{training}/config").json()["algorithm"]["learning_rate"] == 1e-4


def test_what_a_configuration_answers_can_be_sent_back(client, training):
    client.patch(training, json={"overrides": {"algorithm.gamma": 0.9}})
    _history(client, training, 1)
    config = client.get(f"{training}/config").json()
    again = client.post("/api/runs", json={"config": config, "start": False}).json()
    copied = client.get(f"/api/runs/{again['id']}/config").json()
    assert copied == {**config, "history": []}
    client.post(f"/api/runs/{again['id']}/stop")


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"overrides": {"algorithm.n_steps": 32}}, "algorithm.n_steps", "Fork the run"),
        ({"overrides": {"training.total_timesteps": 9}}, "training.total_timesteps", "cannot change while the run"),
        ({"overrides": {RATE: "fast"}}, RATE, "a schedule"),
        ({"overrides": {"algorithm.learning_rat": 0.1}}, "algorithm.learning_rat", "learning_rate"),
        ({"overrides": {"evaluation.frequency": 7}}, "evaluation.frequency", "evaluation is off"),
        ({"overrides": [RATE]}, "overrides", "an object"),
        ({"override": {RATE: 0.1}}, "override", "did you mean overrides"),
    ],
)
def test_a_refusal_names_the_field_and_changes_nothing(client, training, body, field, words):
    before = client.get(f"{training}/config").json()
    answer = client.patch(training, json={"notes": "not to be kept", **body})
    assert answer.status_code == 422
    (fault,) = answer.json()["error"]["details"]
    assert fault["field"] == field
    assert words in f"{fault['message']} {fault.get('hint', '')}"
    assert client.get(f"{training}/config").json() == before
    assert client.get(training).json()["notes"] == ""


def test_an_ended_run_says_what_to_do_instead(client, ended_run):
    answer = client.patch(f"/api/runs/{ended_run}", json={"overrides": {RATE: 1e-4}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    assert "fork" in answer.json()["error"]["message"]


def test_the_schema_says_which_settings_are_live(client):
    parts = client.get("/api/config/schema").json()["$defs"]
    live = {name for name, field in parts["PPOConfig"]["properties"].items() if field.get("x-live")}
    assert live == {"learning_rate", "batch_size", "gamma", "clip_range", "clip_range_vf", "ent_coef"}
    assert parts["EvaluationConfig"]["properties"]["frequency"]["x-live"] is True
    assert "x-live" not in parts["EvaluationConfig"]["properties"]["episodes"]
