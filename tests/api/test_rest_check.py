"""A configuration is looked over by HTTP, without starting anything."""

from __future__ import annotations

from typing import Any

import httpx


def review(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.post("/api/config/check", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_what_can_run_comes_with_its_estimates_and_makes_no_run(client: httpx.Client) -> None:
    before = client.get("/api/state").json()["counts"]
    found = review(client, preset="sac_pendulum")
    assert (found["ok"], found["faults"]) == (True, [])
    assert set(found["estimates"]) == {"memory", "time", "disk"}
    names = {part["name"] for part in found["estimates"]["memory"]["parts"]}
    assert "replay" in names
    assert found["estimates"]["time"]["steps"] > 0
    assert (found["start"]["place"], found["start"]["obstacles"]) == (0, [])
    assert client.get("/api/state").json()["counts"] == before


def test_every_fault_comes_with_the_field_and_a_fix_where_one_is_known(client: httpx.Client) -> None:
    overrides = {"algorithm.batch_size": 10_000, "algorithm.n_steps": 64, "environment.n_envs": 1}
    found = review(client, preset="ppo_cartpole", overrides=overrides)
    assert not found["ok"]
    [fault] = found["faults"]
    assert (fault["field"], fault["fix"]) == ("algorithm.batch_size", {"algorithm.batch_size": 64})
    assert found["estimates"] is not None


def test_what_is_no_configuration_at_all_is_told_with_no_estimates(client: httpx.Client) -> None:
    found = review(client, config={"algorithm": {"name": "ppo", "gamma": 99}})
    assert found["faults"][0]["fix"] == {"algorithm.gamma": 0.99}
    assert found["estimates"] is None


def test_a_value_that_cannot_be_read_hides_no_fault_of_the_others(client: httpx.Client) -> None:
    wrong = {"algorithm.learning_rate": "fast", "algorithm.batch_size": 3000}
    sizes = {"algorithm.n_steps": 64, "environment.n_envs": 1}
    found = review(client, preset="ppo_cartpole", overrides={**wrong, **sizes})
    assert {fault["field"] for fault in found["faults"]} == set(wrong)
    # What a rule would have to know of a setting that cannot be read is not made up.
    found = review(client, preset="ppo_cartpole", overrides={**wrong, **sizes, "algorithm.n_steps": "many"})
    assert {fault["field"] for fault in found["faults"]} == {"algorithm.learning_rate", "algorithm.n_steps"}
    # What hangs on the environment is told too.
    found = review(client, config={"algorithm": {"name": "sac", "learning_rate": "fast"}})
    assert {fault["field"] for fault in found["faults"]} == {"algorithm.learning_rate", "algorithm.name"}


def test_a_wrong_value_of_another_algorithms_setting_is_a_fault_as_well(client: httpx.Client) -> None:
    for algorithm, setting in (("ppo", "n_critics"), ("dqn", "n_quantiles")):
        found = review(client, config={"algorithm": {"name": algorithm}, "policy": {setting: 0}})
        assert [fault["field"] for fault in found["faults"]] == [f"policy.{setting}"]


def test_a_request_that_makes_no_sense_is_refused_as_ever(client: httpx.Client) -> None:
    assert client.post("/api/config/check", json={}).status_code == 422
    assert client.post("/api/config/check", json={"presett": "x"}).status_code == 422
    assert client.post("/api/config/check", json={"preset": "nothing_like_it"}).status_code == 404


def test_a_wrapper_whose_import_leaves_python_is_a_fault_and_ends_nothing(client: httpx.Client) -> None:
    wrappers = [{"entry_point": "unittest.__main__:Nothing"}]
    found = review(client, config={"environment": {"id": "CartPole-v1", "wrappers": wrappers}})
    assert [fault["field"] for fault in found["faults"]] == ["environment.wrappers.0"]
    assert client.get("/api/health").json()["status"] == "ok"
