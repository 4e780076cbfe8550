"""Runs over real HTTP, with real training behind it."""

from __future__ import annotations

import time

import httpx
import pytest
from published import LONG, small_run


def faults_of(answer: httpx.Response, status: int = 422) -> dict[str, str]:
    """Return the faults of a refusal, field to message with hint."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] and error["message"]
    return {fault["field"]: f"{fault['message']} {fault.get('hint', '')}".strip() for fault in error["details"]}


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def until(client: httpx.Client, run_id: str, *states: str) -> dict:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        run = client.get(f"/api/runs/{run_id}").json()
        if run["status"] in states:
            return run
        time.sleep(0.05)
    raise AssertionError(f"the run is {run['status']}, not {states}")


def test_a_run_is_started_paused_resumed_stopped_and_deleted(client, engine):
    created = client.post("/api/runs", json={"config": small_run(training=LONG)})
    assert created.status_code == 201
    run_id = created.json()["id"]
    assert created.headers["location"] == f"/api/runs/{run_id}"
    assert set(created.json()["actions"]) == {"start", "pause", "resume", "stop", "edit", "restart", "extend", "fork"}
    assert created.json()["timing"] is None

    until(client, run_id, "running")
    while not client.get(f"/api/runs/{run_id}").json()["step"]:
        time.sleep(0.02)
    assert client.post(f"/api/runs/{run_id}/pause").status_code == 200
    held = until(client, run_id, "paused")
    assert held["actions"]["resume"] is None
    assert held["actions"]["pause"]
    assert held["timing"] is not None
    assert error_of(client.post(f"/api/runs/{run_id}/pause")) == (409, "conflict")
    time.sleep(0.3)
    assert client.get(f"/api/runs/{run_id}").json()["step"] == held["step"]

    assert error_of(client.delete(f"/api/runs/{run_id}")) == (409, "conflict")
    assert client.post(f"/api/runs/{run_id}/resume").status_code == 200
    until(client, run_id, "running")
    assert client.post(f"/api/runs/{run_id}/stop").json()["status"] in ("stopping", "stopped")
    stopped = until(client, run_id, "stopped")
    assert stopped["step"] >= held["step"]
    assert stopped["timing"]["collect/environment"] > 0
    assert error_of(client.post(f"/api/runs/{run_id}/pause")) == (409, "conflict")

    assert engine.manager.wait(run_id, 30)
    assert client.delete(f"/api/runs/{run_id}").json() == {"id": run_id, "deleted": True}
    assert error_of(client.get(f"/api/runs/{run_id}")) == (404, "not_found")
    assert not engine.layout.run(run_id).exists()


def test_a_preset_with_a_config_laid_over_it_and_overrides_on_top(client):
    body = {
        "preset": "ppo_cartpole",
        "config": {"training": {"seed": 0}, "environment": {"max_episode_steps": 400}, "name": ""},
        "overrides": {"algorithm.gamma": 0.0, "evaluation.enabled": False, "training.total_timesteps": 4096},
        "start": False,
    }
    run = client.post("/api/runs", json=body).json()
    assert (run["status"], run["preset"], run["seed"], run["total_steps"]) == ("queued", "ppo_cartpole", 0, 4096)
    preset = client.get("/api/presets/ppo_cartpole").json()["config"]
    config = client.get(f"/api/runs/{run['id']}/config").json()
    assert config["algorithm"] == {**preset["algorithm"], "gamma": 0.0}
    assert config["environment"] == {**preset["environment"], "max_episode_steps": 400}
    assert config["evaluation"]["enabled"] is False
    assert client.post(f"/api/runs/{run['id']}/stop").json()["status"] == "stopped"


def test_another_algorithm_over_a_preset_drops_the_settings_of_the_old_one(client):
    body = {"preset": "ppo_cartpole", "config": {"algorithm": {"name": "dqn", "buffer_size": 1000}}, "start": False}
    run = client.post("/api/runs", json=body).json()
    config = client.get(f"/api/runs/{run['id']}/config").json()
    assert (config["algorithm"]["name"], config["algorithm"]["buffer_size"]) == ("dqn", 1000)
    assert "clip_range" not in config["algorithm"]
    client.post(f"/api/runs/{run['id']}/stop")


def test_a_queued_run_starts_when_it_is_asked_to(client, engine):
    run = client.post("/api/runs", json={"config": small_run(), "start": False}).json()
    assert run["status"] == "queued"
    assert run["actions"]["start"] is None
    assert client.post(f"/api/runs/{run['id']}/start").status_code == 200
    assert until(client, run["id"], "completed", "failed")["status"] == "completed"


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({}, "preset", "is missing"),
        ({"preset": None, "overrides": {"algorithm.gamma": 0.9}}, "preset", "is missing"),
        ({"presett": "ppo_cartpole"}, "presett", "did you mean preset"),
        ({"preset": "ppo_cartpole", "start": "yes"}, "start", "valid boolean"),
        ({"preset": 3}, "preset", "valid string"),
        ({"preset": "ppo_cartpole", "overrides": []}, "overrides", "valid dictionary"),
        ({"preset": "ppo_cartpole", "overrides": {"algorithm.gama": 0.9}}, "algorithm.gama", "gamma"),
        ({"preset": "ppo_cartpole", "config": {"algorithm": {"gama": 0.9}}}, "algorithm.gama", "gamma"),
        ({"preset": "ppo_cartpole", "config": {"trainin": {"seed": 1}}}, "trainin", "training"),
        ({"config": {"algorithm": {"name": "ppo", "gamma": "high"}}}, "algorithm.gamma", "a number"),
        ({"config": {"environment": {"id": "CartPoll-v1"}}}, "environment.id", "CartPole-v1"),
        ({"config": {"algorithm": {"name": "sac"}, "environment": {"id": "CartPole-v1"}}}, "algorithm.name", ""),
    ],
)
def test_a_run_that_cannot_be_is_refused_with_its_fault_and_nothing_is_left(client, body, field, words):
    before = client.get("/api/health").json()["runs"]
    faults = faults_of(client.post("/api/runs", json=body))
    assert field in faults
    assert words in faults[field]
    assert client.get("/api/health").json()["runs"] == before


def test_every_fault_is_told_at_once(client):
    config = {"algorithm": {"name": "ppo", "gamma": 2, "batch_sise": 1}, "training": {"total_timesteps": "many"}}
    faults = faults_of(client.post("/api/runs", json={"config": config}))
    assert set(faults) == {"algorithm.gamma", "algorithm.batch_sise", "training.total_timesteps"}


def test_an_unknown_or_unsafe_preset_is_refused(client):
    missing = client.post("/api/runs", json={"preset": "ppo_cartpol"})
    assert error_of(missing) == (404, "not_found")
    assert "ppo_cartpole" in missing.json()["error"]["message"]
    assert error_of(client.post("/api/runs", json={"preset": "../ppo_cartpole"})) == (400, "unsafe_path")


def test_runs_are_filtered_and_paged_without_losing_or_repeating_one(client, engine):
    ids = []
    for name in ("alpha", "beta", "gamma", "delta", "epsilon"):
        body = {"config": small_run(name=name, tags=["paged", f"of {name}"]), "start": False}
        ids.append(client.post("/api/runs", json=body).json()["id"])
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get("/api/runs", params={"tag": "paged", "limit": 2, "cursor": cursor}).json()
        assert len(page["runs"]) <= 2
        seen += [run["id"] for run in page["runs"]]
        cursor = page.get("cursor")
    assert seen == ids[::-1], "newest first, each once"

    def found(**params: object) -> set[str]:
        runs = client.get("/api/runs", params={"limit": 1000, **params}).json()["runs"]
        return {run["id"] for run in runs} & set(ids)

    assert found(status="queued") == set(ids)
    assert found(status="running,queued", env="CartPole-v1", algorithm="ppo") == set(ids)
    assert found(status=["completed", "failed"]) == set()
    assert found(environment="CartPole-v1", tag="of delta") == {ids[3]}
    assert found(env="Pendulum-v1") == set()
    assert found(q="EPSI cartpole") == {ids[4]}
    assert found(status="", env="", algorithm="", tag="", q="", cursor="") == set(ids)
    for run_id in ids:
        client.post(f"/api/runs/{run_id}/stop")


@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        ({"status": "runing"}, "status", "did you mean running"),
        ({"limit": 0}, "limit", "greater than or equal to 1"),
        ({"limit": 1001}, "limit", "less than or equal to 1000"),
        ({"limit": "ten"}, "limit", "integer"),
        ({"statuses": "running"}, "statuses", "did you mean status"),
        ({"cursor": "elsewhere"}, "cursor", "not a cursor"),
        ({"env": "A-v1", "environment": "B-v1"}, "environment", "differs"),
    ],
)
def test_filters_that_mean_nothing_are_refused(client, params, field, words):
    faults = faults_of(client.get("/api/runs", params=params))
    assert list(faults) == [field]
    assert words in faults[field]


def test_name_tags_and_notes_can_be_changed_and_emptied(client, ended_run):
    address = f"/api/runs/{ended_run}"
    old = client.get(address).json()
    changed = client.patch(address, json={"name": "better", "tags": ["a", "b"], "notes": "seen\nit"}).json()
    assert (changed["name"], changed["tags"], changed["notes"]) == ("better", ["a", "b"], "seen\nit")
    changed = client.patch(address, json={"notes": "", "tags": []}).json()
    assert (changed["name"], changed["tags"], changed["notes"]) == ("better", [], "")
    assert client.patch(address, json={}).json()["name"] == "better"
    client.patch(address, json={key: old[key] for key in ("name", "tags", "notes")})


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"nmae": "x"}, "nmae", "did you mean name"),
        ({"status": "completed"}, "status", "cannot be changed here"),
        ({"algorithm": {"gamma": 0.5}}, "algorithm", "cannot be changed here"),
        ({"tags": "one"}, "tags", "a list"),
        ({"tags": ["with, comma"]}, "tags.0", ""),
        ({"name": None}, "name", "text"),
        ({"name": 3}, "name", "text"),
        ({"name": "x" * 201}, "name", "200"),
    ],
)
def test_other_changes_are_refused_and_change_nothing(client, ended_run, body, field, words):
    before = client.get(f"/api/runs/{ended_run}").json()
    faults = faults_of(client.patch(f"/api/runs/{ended_run}", json={"notes": "not to be kept", **body}))
    assert list(faults) == [field]
    assert words in faults[field]
    assert client.get(f"/api/runs/{ended_run}").json() == before


def test_what_does_not_exist_is_not_found_with_the_nearest_name(client, ended_run):
    wrong = ended_run[:-1] + ("0" if ended_run[-1] != "0" else "1")
    for method, rest in [("GET", ""), ("DELETE", ""), ("POST", "/pause"), ("GET", "/metrics"), ("GET", "/logs")]:
        answer = client.request(method, f"/api/runs/{wrong}{rest}")
        assert error_of(answer) == (404, "not_found")
        assert ended_run in answer.json()["error"]["message"]
    assert error_of(client.patch(f"/api/runs/{wrong}", json={})) == (404, "not_found")
    for address in ("/api", "/api/", "/api/nothing", "/api/runs/", f"/api/runs/{ended_run}/nothing", "/ws"):
        assert error_of(client.get(address)) == (404, "not_found"), address
    assert error_of(client.put("/api/runs", json={})) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "line 1, column 1"),
        (b'{"preset": "ppo_cartpole"', "line 1"),
        (b'{\n"preset":: 1}', "line 2"),
        (b"[1, 2]", "JSON object"),
        (b'"text"', "JSON object"),
        (b'{"overrides": {"algorithm.gamma": NaN}}', "not valid JSON"),
        (b"\xff\xfe{}", "not valid JSON"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused_and_where(client, content, words):
    answer = client.post("/api/runs", content=content)
    assert error_of(answer) == (400, "invalid_json")
    assert words in answer.json()["error"]["message"]


def test_an_endless_body_is_cut_off(client):
    def chunks():
        for _ in range(200):
            yield b" " * 65536

    assert error_of(client.post("/api/runs", content=chunks())) == (413, "too_large")
    assert error_of(client.put("/api/presets/big", content=b" " * 2_000_000)) == (413, "too_large")


def test_an_error_inside_the_server_is_an_envelope_too_and_shows_nothing_of_it(client, engine, monkeypatch):
    def broken() -> dict:
        raise ZeroDivisionError("a secret of the inside")

    monkeypatch.setattr(engine, "snapshot", broken)
    answer = client.get("/api/state")
    assert error_of(answer) == (500, "internal")
    assert "secret" not in answer.text
