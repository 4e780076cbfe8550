"""Files of other programs and changes by length or style, over real HTTP: told in full, nothing saved."""

from __future__ import annotations

import json

import pytest
from test_rest_runs import error_of, faults_of

ZOO = "CartPole-v1:\n  n_envs: 8\n  gama: 1\nAcrobot-v1:\n  n_envs: 16\n"


def posted(client, route, **body):
    answer = client.post(f"/api/presets/{route}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_rl_zoo_file_names_its_entries_and_then_says_what_was_taken_of_one(client):
    before = client.get("/api/presets").json()
    first = posted(client, "import", text=ZOO, file_name="ppo.yml")
    assert (first["format"], first["config"], first["entries"]) == ("rl_zoo", None, ["CartPole-v1", "Acrobot-v1"])

    taken = posted(client, "import", text=ZOO, file_name="ppo.yml", entry="CartPole-v1")

    assert taken["config"]["environment"] | {"n_envs": 8, "id": "CartPole-v1"} == taken["config"]["environment"]
    lines = {line["key"]: line for line in taken["report"]}
    assert (lines["n_envs"]["taken"], lines["n_envs"]["fields"]) == (True, {"environment.n_envs": 8})
    assert lines["gama"]["taken"] is False
    assert "gamma" in lines["gama"]["note"]
    assert client.get("/api/presets").json() == before


def test_flat_json_and_our_own_files_are_known_by_themselves(client):
    flat = {"algorithm": "ppo", "environment": {"name": "CartPole-v1"}, "hyperparameter_optimizer": {"enabled": False}}
    told = posted(client, "import", text=json.dumps(flat))
    assert told["format"] == "flat"
    assert {line["key"]: line["taken"] for line in told["report"]}["hyperparameter_optimizer"] is False
    preset = client.get("/api/presets/ppo_pong").json()
    ours = posted(
        client, "import", text=json.dumps({key: preset[key] for key in ("schema_version", "about", "config")})
    )
    assert (ours["format"], ours["report"], ours["config"]) == ("preset", [], preset["config"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "a: [", "format": "rl_zoo"}, ""),
        ({"text": "{}", "format": "xml"}, "format"),
        ({"text": ZOO, "file_name": "ppo.yml", "entry": "Acrobat-v1"}, "entry"),
        ({"text": ZOO, "entry": "Acrobot-v1", "algorithm": "ppp"}, "algorithm"),
        ({}, "text"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(client, body, field):
    answer = client.post("/api/presets/import", json=body)
    assert answer.status_code in (400, 422)
    assert field in faults_of(answer)


def test_a_length_or_style_is_told_before_it_is_made(client):
    told = posted(client, "adjust", preset="ppo_cartpole", length="quick")
    changes = {change["field"]: change for change in told["changes"]}
    assert changes["training.total_timesteps"]["before"] == 100_000
    assert changes["training.total_timesteps"]["after"] == 10_000
    assert all(change["why"] for change in told["changes"])
    assert told["config"]["training"]["total_timesteps"] == 10_000

    back = posted(client, "adjust", preset="ppo_cartpole", config=told["config"], length="standard")
    assert back["config"] == client.get("/api/presets/ppo_cartpole").json()["config"]


def test_a_style_that_does_not_exist_is_refused(client):
    assert "style" in faults_of(client.post("/api/presets/adjust", json={"preset": "ppo_cartpole", "style": "bold"}))
    assert error_of(client.post("/api/presets/adjust", json={"preset": "nothing", "style": "fast"})) == (
        404,
        "not_found",
    )
    assert "preset" in faults_of(client.post("/api/presets/adjust", json={"style": "fast"}))
