"""Presets over real HTTP: listed, read, saved, deleted; what is damaged or unsafe changes nothing."""

from __future__ import annotations

import json

import pytest
from test_rest_runs import error_of, faults_of

CONFIG = {
    "environment": {"id": "CartPole-v1"},
    "algorithm": {"name": "ppo", "gamma": 0.0, "ent_coef": 0, "normalize_advantage": False},
    "notes": "",
}


@pytest.fixture
def name(client):
    name = "my preset"
    yield name
    client.delete(f"/api/presets/{name}")


def test_shipped_presets_are_listed_and_read_whole(client):
    presets = {preset["name"]: preset for preset in client.get("/api/presets").json()["presets"]}
    cartpole = presets["ppo_cartpole"]
    assert (cartpole["built_in"], cartpole["algorithm"], cartpole["environment"]) == (True, "ppo", "CartPole-v1")
    preset = client.get("/api/presets/ppo_cartpole").json()
    assert preset["about"]["source"]
    assert preset["config"]["training"]["total_timesteps"] > 0


def test_a_preset_is_saved_with_zero_false_and_nothing_unchanged_and_deleted(client, name):
    body = {"schema_version": 1, "about": {"title": "Mine", "description": "", "source": "me"}, "config": CONFIG}
    assert client.put(f"/api/presets/{name}", json=body).status_code == 201
    read = client.get(f"/api/presets/{name}").json()
    assert read["about"] == body["about"]
    algorithm = read["config"]["algorithm"]
    assert (algorithm["gamma"], algorithm["ent_coef"], algorithm["normalize_advantage"]) == (0.0, 0, False)
    assert name in {preset["name"] for preset in client.get("/api/presets").json()["presets"]}

    again = client.put(f"/api/presets/{name}", json=CONFIG)
    assert again.status_code == 200, "replaced, not made"
    assert again.json()["about"] == body["about"], "a bare configuration leaves what the preset says of itself"
    assert client.delete(f"/api/presets/{name}").json() == {"name": name, "deleted": True}
    assert error_of(client.get(f"/api/presets/{name}")) == (404, "not_found")
    assert error_of(client.delete(f"/api/presets/{name}")) == (404, "not_found")


def test_what_was_read_can_be_saved_as_it_is_and_a_run_of_it_started(client, name):
    read = client.get("/api/presets/ppo_cartpole").json()
    body = {key: read[key] for key in ("schema_version", "about", "config")}
    client.put(f"/api/presets/{name}", json=body).raise_for_status()
    assert client.get(f"/api/presets/{name}").json()["config"] == read["config"]
    run = client.post("/api/runs", json={"preset": name, "start": False}).json()
    assert run["preset"] == name
    client.post(f"/api/runs/{run['id']}/stop")


def test_shipped_presets_stay_as_they_are(client):
    before = client.get("/api/presets/ppo_cartpole").json()
    for spelled in ("ppo_cartpole", "PPO_CartPole"):
        assert error_of(client.put(f"/api/presets/{spelled}", json=CONFIG)) == (409, "conflict")
    assert error_of(client.delete("/api/presets/ppo_cartpole")) == (409, "conflict")
    assert client.get("/api/presets/ppo_cartpole").json() == before


@pytest.mark.parametrize("unsafe", ["..%2Fescaped", "..", "%2Fetc%2Fpasswd", "a%00b", ".hidden", "con", "a" * 300])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_name_that_leads_elsewhere_is_refused(client, tmp_path, method, unsafe):
    answer = client.request(method, f"/api/presets/{unsafe}", json=CONFIG if method == "PUT" else None)
    assert error_of(answer) in ((400, "unsafe_path"), (404, "not_found"), (405, "method_not_allowed"))
    if method == "PUT":
        names = {preset["name"] for preset in client.get("/api/presets").json()["presets"]}
        assert not any("escaped" in name or "passwd" in name for name in names)


@pytest.mark.parametrize(
    ("content", "field", "words"),
    [
        (json.dumps({"config": CONFIG})[:40].encode(), "", "cut off"),
        (b'{"config": {"algorithm": {"name": "ppo", "gamma": NaN}}}', "", "NaN"),
        (b'{"config": {"algorithm": {"name": "ppo", "gama": 1}}}', "algorithm.gama", "gamma"),
        (b'{"config": {}, "abuot": {}}', "abuot", "about"),
        (b"[]", "", "JSON object"),
    ],
)
def test_a_damaged_upload_is_refused_with_the_place_and_the_old_preset_stays(client, name, content, field, words):
    client.put(f"/api/presets/{name}", json=CONFIG).raise_for_status()
    before = client.get(f"/api/presets/{name}").json()
    faults = faults_of(client.put(f"/api/presets/{name}", content=content))
    assert words in faults[field]
    assert client.get(f"/api/presets/{name}").json() == before


def test_text_that_is_not_utf8_is_refused(client, name):
    assert error_of(client.put(f"/api/presets/{name}", content=b'{"notes": "\xff"}')) == (400, "invalid_json")
