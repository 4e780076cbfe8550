"""WebSockets: the state at once, then what changes, until the reader or the run is gone."""

from __future__ import annotations

import json
import threading
import time

import pytest
from published import LONG, small_run
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect


def read(socket) -> dict:
    return json.loads(socket.recv(timeout=15))


@pytest.mark.alone
def test_the_state_comes_at_once_and_then_twice_a_second(site, engine, ended_run):
    with connect(site.socket_url("/ws")) as socket:
        init = read(socket)
        assert init["type"] == "init"
        assert {run["id"] for run in init["runs"]} == {run["id"] for run in engine.snapshot()["runs"]} != set()
        start = time.monotonic()
        updates = [read(socket) for _ in range(3)]
        passed = time.monotonic() - start
    assert {update["type"] for update in updates} == {"update"}
    assert set(updates[0]) == set(init)
    assert 1.0 < passed < 4.0


def test_the_machines_load_has_a_socket_of_its_own(site):
    with connect(site.socket_url("/ws/resources")) as socket:
        assert set(read(socket)["system"]) == {"cpu_percent", "memory", "disk", "gpus"}
        assert read(socket)["type"] == "update"


def test_many_sockets_work_the_state_out_once_a_tick(site, engine, monkeypatch):
    made = []
    really = engine.monitor.sample

    def counted() -> dict:
        made.append(time.monotonic())
        return really()

    monkeypatch.setattr(engine.monitor, "sample", counted)

    def follow() -> None:
        with connect(site.socket_url("/ws/resources")) as socket:
            for _ in range(4):
                read(socket)

    threads = [threading.Thread(target=follow) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) <= 12, f"{len(made)} samples for 32 messages"


def test_a_run_is_followed_with_numbers_and_log_and_nothing_comes_twice(site, client, engine):
    run_id = client.post("/api/runs", json={"config": small_run(training=LONG)}).json()["id"]
    steps: list[int] = []
    lines: list[int] = []
    with connect(site.socket_url(f"/ws/runs/{run_id}")) as socket:
        message = read(socket)
        assert message["type"] == "init"
        deadline = time.monotonic() + 60
        while len(steps) < 20 and time.monotonic() < deadline:
            series = message["metrics"]["series"].get("time/fps", {"steps": []})
            steps += series["steps"]
            lines += [line["number"] for line in message["logs"]["lines"]]
            message = read(socket)
        assert message["run"]["step"] > 0
        client.post(f"/api/runs/{run_id}/stop")
        while message["run"]["status"] != "stopped" and time.monotonic() < deadline:
            message = read(socket)
            lines += [line["number"] for line in message["logs"]["lines"]]
        assert message["run"]["status"] == "stopped"
        assert engine.manager.wait(run_id, 30)
        client.delete(f"/api/runs/{run_id}").raise_for_status()
        with pytest.raises(ConnectionClosed):
            while message["type"] != "error":
                message = read(socket)
            read(socket)
        assert message["error"]["code"] == "not_found"
        assert socket.close_code == 4404
    assert steps == sorted(set(steps)), "each point once, in order"
    assert lines == list(range(1, len(lines) + 1)), "each line once, in order"


@pytest.mark.parametrize("path", ["/ws/runs/none", "/ws/nothing", "/ws/resources/x"])
def test_a_socket_to_nowhere_is_refused(site, path):
    with pytest.raises(InvalidStatus) as refused, connect(site.socket_url(path)):
        pass
    status = refused.value.response.status_code
    if path == "/ws/runs/none":
        assert (status, json.loads(refused.value.response.body)["error"]["code"]) == (404, "not_found")
    else:
        assert status in (403, 404)


def test_a_reader_that_is_gone_leaves_nothing_behind(site):
    import psutil

    def sockets_open() -> int:
        port = int(site.url.rsplit(":", 1)[1])
        return sum(c.laddr.port == port and c.status == "ESTABLISHED" for c in psutil.Process().net_connections("tcp"))

    for _ in range(5):
        socket = connect(site.socket_url("/ws"))
        read(socket)
        socket.socket.close()  # without saying goodbye
    deadline = time.monotonic() + 10
    while sockets_open() > 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert sockets_open() <= 1
    with connect(site.socket_url("/ws")) as socket:
        assert read(socket)["type"] == "init"
