"""State, numbers, log, checkpoints and videos of a run that has ended, over real HTTP."""

from __future__ import annotations

import json
import math

import pytest
from test_rest_runs import error_of, faults_of

from trainer.events import MetricsLogged, VideoSaved


def strict(text: str) -> object:
    def refuse(name: str) -> object:
        raise AssertionError(f"{name} in JSON")

    return json.loads(text, parse_constant=refuse)


def test_health_and_state_tell_what_runs_and_how_the_machine_is(client, ended_run):
    health = client.get("/api/health").json()
    assert health["status"] == "ok"
    state = strict(client.get("/api/state").text)
    assert state["version"] == health["version"]
    assert state["counts"] == health["runs"]
    assert state["counts"]["completed"] >= 1
    # Of those that have ended the last ones only are shown.
    assert {run["id"] for run in state["runs"]} >= {client.get("/api/runs").json()["runs"][0]["id"]}
    assert state["store"] == {"ok": True, "message": None}
    assert set(state["system"]) == {"cpu_percent", "memory", "disk", "gpus"}
    assert client.get("/api/resources/system").json()["memory"] == state["system"]["memory"]


def test_the_state_brings_what_is_new_of_the_runs_one_follows(client, ended_run):
    address = f"/api/runs/{ended_run}"
    metrics, logs = client.get(f"{address}/metrics").json(), client.get(f"{address}/logs").json()
    assert "followed" not in client.get("/api/state").json()

    def followed(*cursors):
        answer = client.get("/api/state", params={"follow": [f"{ended_run}:{cursors[0]}:{cursors[1]}", "no-such:0:"]})
        return strict(answer.text)["followed"]

    assert followed(0, 0) == {ended_run: {"metrics": metrics, "logs": logs}}
    assert followed(metrics["cursor"], "") == {ended_run: {"metrics": {"series": {}, "cursor": metrics["cursor"]}}}
    last = logs["cursor"] - 1
    assert followed("", last) == {ended_run: {"logs": {"lines": logs["lines"][-1:], "cursor": logs["cursor"]}}}


@pytest.mark.parametrize("follow", ["", "a", "a:1", "a:-1:", "a::x", "a:²:", f"a:{2**63}:"])
def test_what_to_follow_is_a_run_with_two_cursors(client, follow):
    answer = client.get("/api/state", params={"follow": follow})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")
    assert answer.json()["error"]["details"][0]["field"] == "follow"


def test_the_schema_describes_every_part_of_a_configuration(client):
    schema = client.get("/api/config/schema").json()
    assert {"environment", "algorithm", "policy", "training"} <= set(schema["properties"])
    gamma = schema["$defs"]["PPOConfig"]["properties"]["gamma"]
    assert gamma["title"] and gamma["description"] and gamma["default"] == 0.99


def test_the_api_describes_itself(client):
    paths = client.get("/api/openapi.json").json()["paths"]
    assert {"/api/state", "/api/runs/{run_id}/metrics", "/api/presets/{name}"} <= set(paths)
    assert "max_points" in {each["name"] for each in paths["/api/runs/{run_id}/metrics"]["get"]["parameters"]}


def test_metrics_come_whole_then_by_cursor_and_only_those_asked_for(client, engine, ended_run):
    address = f"/api/runs/{ended_run}/metrics"
    page = client.get(address).json()
    keys = client.get(f"{address}/keys").json()["keys"]
    assert set(page["series"]) == set(keys) >= {"episode/return", "time/fps"}
    for series in page["series"].values():
        assert len(series["steps"]) == len(series["values"]) == len(series["times"]) > 0
    assert client.get(address, params={"since": page["cursor"]}).json() == {"series": {}, "cursor": page["cursor"]}

    for chosen in ({"keys": "episode/return,time/fps"}, {"keys": ["episode/return", "time/fps"]}):
        assert set(client.get(address, params=chosen).json()["series"]) == {"episode/return", "time/fps"}
    assert client.get(address, params={"keys": "no/such"}).json()["series"] == {}
    assert set(client.get(address, params={"keys": ""}).json()["series"]) == set(keys)
    few = client.get(address, params={"keys": "episode/return", "max_points": 4}).json()["series"]["episode/return"]
    assert len(few["steps"]) <= 4

    engine.store.commit(MetricsLogged(ended_run, step=1, values={"odd/number": math.nan, "odd/infinite": math.inf}))
    later = strict(client.get(address, params={"since": page["cursor"]}).text)
    assert {name: series["values"] for name, series in later["series"].items()} == {
        "odd/number": [None],
        "odd/infinite": [None],
    }
    assert later["cursor"] > page["cursor"]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"since": -1}, "since"),
        ({"since": "x"}, "since"),
        ({"since": 2**63}, "since"),
        ({"max_points": 3}, "max_points"),
        ({"max_points": 20_001}, "max_points"),
        ({"key": "a"}, "key"),
    ],
)
def test_metrics_asked_for_wrongly_are_refused(client, ended_run, params, field):
    assert list(faults_of(client.get(f"/api/runs/{ended_run}/metrics", params=params))) == [field]


def test_episodes_and_log_lines_are_read_on_by_cursor(client, ended_run):
    for address, kind in ((f"/api/runs/{ended_run}/episodes", "episodes"), (f"/api/runs/{ended_run}/logs", "lines")):
        whole = client.get(address).json()
        assert [each["number"] for each in whole[kind]] == list(range(1, len(whole[kind]) + 1))
        first = client.get(address, params={"limit": 2}).json()
        assert first["cursor"] == 2
        rest = client.get(address, params={"after": 2}).json()
        assert first[kind] + rest[kind] == whole[kind]
        assert client.get(address, params={"after": whole["cursor"]}).json() == {kind: [], "cursor": whole["cursor"]}
        assert list(faults_of(client.get(address, params={"limit": 0, "after": -1}))) == ["after", "limit"]
    assert set(client.get(f"/api/runs/{ended_run}/episodes").json()["episodes"][0]) == {
        "number",
        "step",
        "env_index",
        "return",
        "length",
        "time",
    }
    lines = client.get(f"/api/runs/{ended_run}/logs").json()
    tail = client.get(f"/api/runs/{ended_run}/logs", params={"tail": 1}).json()
    assert tail == {"lines": lines["lines"][-1:], "cursor": lines["cursor"]}
    assert set(tail["lines"][0]) == {"number", "time", "level", "text"}


def test_checkpoints_and_configuration_of_a_run_are_told(client, engine, ended_run):
    checkpoints = client.get(f"/api/runs/{ended_run}/checkpoints").json()["checkpoints"]
    assert checkpoints[-1]["kind"] == "final"
    newest = {"step": checkpoints[-1]["step"], "time": checkpoints[-1]["created_at"]}
    assert client.get(f"/api/runs/{ended_run}").json()["checkpoint"] == newest
    assert [each["best"] for each in checkpoints].count(True) <= 1
    assert (engine.layout.run(ended_run) / checkpoints[-1]["path"]).is_dir()
    assert client.get(f"/api/runs/{ended_run}/config").json()["environment"]["id"] == "CartPole-v1"


def test_videos_are_listed_filtered_and_paged(client, ended_run):
    own = client.get(f"/api/runs/{ended_run}/videos").json()["videos"]
    assert len(own) >= 2
    assert [video["step"] for video in own] == sorted((video["step"] for video in own), reverse=True)
    everything = client.get("/api/videos/recordings", params={"run": ended_run}).json()["videos"]
    assert everything == own
    assert (own[0]["environment"], own[0]["algorithm"], own[0]["run_id"]) == ("CartPole-v1", "ppo", ended_run)
    first = client.get("/api/videos/recordings", params={"limit": 1, "env": "CartPole-v1"}).json()
    second = client.get("/api/videos/recordings", params={"limit": 1, "cursor": first["cursor"]}).json()
    assert first["videos"] + second["videos"] == own[:2]
    assert client.get("/api/videos/recordings", params={"environment": "Pendulum-v1"}).json() == {"videos": []}
    assert error_of(client.get("/api/videos/recordings", params={"run": "none"})) == (404, "not_found")
    assert list(faults_of(client.get("/api/videos/recordings", params={"runs": "x", "limit": -1}))) == ["limit", "runs"]


def test_a_video_plays_from_anywhere_and_its_poster_shows(client, ended_run):
    video = client.get(f"/api/runs/{ended_run}/videos").json()["videos"][0]
    whole = client.get(video["url"])
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["accept-ranges"] == "bytes"
    assert len(whole.content) == video["size_bytes"]
    part = client.get(video["url"], headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    tail = client.get(video["url"], headers={"Range": "bytes=-10", "Accept-Encoding": "gzip, br"})
    assert (tail.status_code, tail.content) == (206, whole.content[-10:])
    beyond = client.get(video["url"], headers={"Range": f"bytes={len(whole.content)}-"})
    assert beyond.status_code == 416
    head = client.head(video["url"])
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(whole.content)), b"")
    poster = client.get(video["poster_url"])
    assert poster.headers["content-type"] in ("image/jpeg", "image/png")


def test_only_files_that_the_store_knows_for_that_run_are_served(client, engine, ended_run):
    folder = engine.layout.run(ended_run)
    (folder / "videos" / "unknown.mp4").write_bytes(b"not recorded")
    for name in ("unknown.mp4", "config.json", "..%2Fconfig.json", "..%2F..%2F..%2Fpalaestra.db", "%00"):
        answer = client.get(f"/api/runs/{ended_run}/videos/{name}")
        assert answer.status_code == 404, name
    other = client.post("/api/runs", json={"preset": "ppo_cartpole", "start": False}).json()["id"]
    known = client.get(f"/api/runs/{ended_run}/videos").json()["videos"][0]["url"].rsplit("/", 1)[1]
    answer = client.get(f"/api/runs/{other}/videos/{known}")
    assert error_of(answer) == (404, "not_found")
    client.post(f"/api/runs/{other}/stop")
    assert client.get(f"/api/runs/..%2F{ended_run}/videos/{known}").status_code == 404


def test_a_path_in_the_store_that_leads_out_of_the_run_is_not_followed(client, engine, tmp_path):
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"outside")
    run_id = client.post("/api/runs", json={"preset": "ppo_cartpole", "start": False}).json()["id"]
    numbers = {"episode_return": 0.0, "length": 1, "fps": 30, "duration": 0.1, "size_bytes": 7}
    for path in (str(secret), "../../palaestra.db"):
        engine.store.commit(VideoSaved(run_id, step=1, path=path, poster="videos/none.jpg", **numbers))
        name = path.rsplit("/", 1)[1]
        assert error_of(client.get(f"/api/runs/{run_id}/videos/{name}")) == (400, "unsafe_path")
    gone = client.get(f"/api/runs/{run_id}/videos/none.jpg")
    assert error_of(gone) == (404, "not_found")
    client.post(f"/api/runs/{run_id}/stop")
    client.delete(f"/api/runs/{run_id}").raise_for_status()


def test_large_answers_are_compressed_and_small_ones_are_not(client, ended_run):
    assert "content-encoding" not in client.get("/api/health").headers
    schema = client.get("/api/config/schema", headers={"Accept-Encoding": "gzip"})
    assert schema.headers["content-encoding"] == "gzip"
    assert schema.headers["cache-control"] == "no-store"
