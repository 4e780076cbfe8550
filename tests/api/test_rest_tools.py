"""Tools over HTTP: tasks with their progress, earlier results, downloads of what was exported, pruning."""

import time

import pytest

from trainer.tools.results import EXPORTS


@pytest.fixture
def ended(client):
    def ended(job):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = client.get(f"/api/tools/jobs/{job['id']}").json()
            if found["ended_at"] is not None:
                return found
            time.sleep(0.05)
        pytest.fail(f"still {found['state']}: {found['words']}")

    return ended


def test_an_evaluation_is_accepted_at_once_and_listed_when_it_is_done(client, ended, ended_run):
    answer = client.post("/api/tools/jobs", json={"kind": "evaluate", "run": ended_run, "episodes": 2})
    assert answer.status_code == 201
    job = ended(answer.json())
    assert job["state"] == "done", job["error"]
    assert client.get("/api/tools", params={"run": ended_run}).json()["jobs"][0]["id"] == job["id"]
    listed = client.get("/api/tools/evaluations", params={"run": ended_run}).json()["evaluations"]
    assert listed[0]["all"] == job["result"]["all"]


def test_an_exported_file_is_downloaded_and_nothing_else_is(client, engine, ended, ended_run):
    job = ended(
        client.post("/api/tools/jobs", json={"kind": "export", "run": ended_run, "format": "torchscript"}).json()
    )
    assert job["state"] == "done", job["error"]
    (export,) = client.get("/api/tools/exports", params={"run": ended_run}).json()["exports"]
    files = {file["name"]: file for file in export["files"]}
    answer = client.get(files["policy.pt"]["url"])
    assert len(answer.content) == files["policy.pt"]["size_bytes"]
    assert answer.headers["content-disposition"].startswith("attachment")
    folder = export["folder"]
    for path in (
        f"{folder}/none",
        f"{folder}/..%2F..%2Fconfig.json",
        "..%2Fvideos/x",
        "%2Fetc/passwd",
        "../config.json",
    ):
        answer = client.get(f"/api/tools/files/{ended_run}/{path}")
        assert answer.status_code in (400, 404), path
    assert (engine.layout.run(ended_run) / EXPORTS).is_dir()


def test_every_fault_of_a_request_is_named(client, ended_run):
    answer = client.post("/api/tools/jobs", json={"kind": "evaluate", "run": ended_run, "episodes": 0, "sedes": [1]})
    assert answer.status_code == 422
    assert {fault["field"] for fault in answer.json()["error"]["details"]} == {"episodes", "sedes"}
    answer = client.post("/api/tools/jobs", json={"kind": "evaluate", "run": ended_run, "checkpoint": 3})
    assert answer.json()["error"]["details"][0]["field"] == "checkpoint"
    assert client.post("/api/tools/jobs", json={"kind": "card", "run": "nobody"}).status_code == 404
    assert client.get("/api/tools/evaluations").status_code == 422
    assert client.get("/api/tools/jobs/none").status_code == 404


def test_pruning_is_previewed_by_get_and_done_by_post(client, engine, ended, ended_run):
    wanted = {"run": ended_run, "newest": 100}
    foretold = client.get("/api/tools/prune", params=wanted).json()
    assert (foretold["checkpoint_count"], foretold["freed_bytes"]) == (0, 0)
    less = client.get("/api/tools/prune", params={"run": ended_run, "milestones": "false"}).json()
    assert less["checkpoint_count"] == sum(len(each["checkpoints"]) for each in less["runs"])
    job = ended(client.post("/api/tools/prune", json=wanted).json())
    assert (job["state"], job["result"]["checkpoints"]) == ("done", 0)
    assert client.get("/api/tools/prune", params={"keep": 3}).status_code == 422


def test_a_stranger_is_told_nothing(locked_site, ended_run):
    with locked_site.client() as stranger:
        for path in ("/api/tools", f"/api/tools/exports?run={ended_run}", f"/api/tools/files/{ended_run}/a/b"):
            assert stranger.get(path).status_code == 401
        assert stranger.post("/api/tools/jobs", json={"kind": "prune"}).status_code == 401
