"""Environments over REST: the list, one in full, and files of one's own that are decided about."""

from __future__ import annotations

import pytest
from published import Published

from trainer.envs.custom.shelf import CustomEnvironments

PATH = "/api/environments"


@pytest.fixture
def own(engine, tmp_path, monkeypatch):
    """A folder with one file of environments, as the engine's own for a while."""
    folder = tmp_path / "environments"
    folder.mkdir()
    text = "import gymnasium\ngymnasium.register('RestWalk-v0', 'gymnasium.envs.classic_control:CartPoleEnv')\n"
    (folder / "walk.py").write_text(text, encoding="utf-8")
    shelf = CustomEnvironments(folder, tmp_path / "memory.json")
    monkeypatch.setattr(engine, "environments", shelf)
    yield folder
    shelf.close()


def test_the_list_has_every_family_and_marks_older_versions(client) -> None:
    answer = client.get(PATH).json()
    entries = {entry["id"]: entry for entry in answer["environments"]}
    assert len(entries) > 400
    assert (entries["CartPole-v1"]["older"], entries["CartPole-v0"]["older"]) == (False, True)
    assert entries["CartPole-v1"]["reward_threshold"] == 475.0
    runs = [family["runs_here"] for family in answer["families"]]
    assert runs == sorted(runs, reverse=True), "families of which nothing can run here come last"
    assert (answer["families"][-1]["key"], runs[-1]) == ("jax", False)
    panda = next(family for family in answer["families"] if family["key"] == "panda")
    assert panda["command"] is None or panda["command"].endswith("pip install panda-gym")


def test_one_environment_in_full_with_a_picture_made_elsewhere(client) -> None:
    view = client.get(f"{PATH}/view", params={"id": "CartPole-v1"}).json()
    assert view["observation"]["shape"] == [4] and view["action"] == {"kind": "Discrete", "n": 2, "start": 0}
    assert view["observation"]["high"][1] == "infinity"
    assert view["algorithms"]["ppo"] is True and view["algorithms"]["sac"] is False
    assert "ppo_cartpole" in [preset["name"] for preset in view["presets"]]
    picture = client.get(f"{PATH}/picture", params={"id": "CartPole-v1", "of": view["picture"]})
    assert picture.headers["content-type"] == "image/png" and picture.content.startswith(b"\x89PNG")


def test_every_version_of_an_environment_has_its_presets_and_says_what_they_were_tuned_on(client) -> None:
    view = client.get(f"{PATH}/view", params={"id": "ALE/Breakout-v5"}).json()
    tuned_on = {preset["name"]: preset["environment"] for preset in view["presets"]}
    assert tuned_on["ppo_breakout"] == "BreakoutNoFrameskip-v4" and {"dqn_breakout", "qrdqn_breakout"} <= set(tuned_on)
    assert {"ALE/Breakout-v5", "BreakoutNoFrameskip-v4"} <= set(view["versions"])
    jax = client.get(f"{PATH}/view", params={"id": "phys2d/CartPole-v1"}).json()
    assert jax["presets"] == [], "another implementation is another environment"


def test_an_unknown_environment_names_the_nearest(client) -> None:
    answer = client.get(f"{PATH}/view", params={"id": "CartPol-v1"})
    assert answer.status_code == 404 and "CartPole-v1" in answer.json()["error"]["message"]


def test_spaces_of_several_come_at_once_and_not_of_too_many(client) -> None:
    told = client.post(f"{PATH}/spaces", json={"ids": ["Pendulum-v1", "Taxi-v4", "Hopper-v3", "Nothing-v0"]}).json()
    assert set(told["spaces"]) == {"Pendulum-v1", "Taxi-v4"}
    assert told["spaces"]["Pendulum-v1"]["action_kind"] == "box"
    assert client.post(f"{PATH}/spaces", json={"ids": ["CartPole-v1"] * 61}).status_code == 422


def test_a_file_of_ones_own_is_read_enabled_and_disabled(client, own) -> None:
    (file,) = client.get(f"{PATH}/custom").json()["files"]
    assert (file["name"], file["state"]) == ("walk", "new")
    assert "RestWalk-v0" in client.get(f"{PATH}/custom/walk/text").json()["text"]
    stale = client.post(f"{PATH}/custom/walk/enable", json={"digest": "0" * 64})
    assert stale.status_code == 409
    enabled = client.post(f"{PATH}/custom/walk/enable", json={"digest": file["digest"]}).json()
    assert (enabled["state"], enabled["ids"]) == ("enabled", ["RestWalk-v0"])
    yours = [entry["id"] for entry in client.get(PATH).json()["environments"] if entry["family"] == "yours"]
    assert yours == ["RestWalk-v0"]
    assert client.post(f"{PATH}/custom/walk/disable").json()["state"] == "new"


@pytest.mark.parametrize("name", ["..%2Fwalk", "nothing"])
def test_no_name_leads_out_of_the_folder(client, own, name: str) -> None:
    assert client.get(f"{PATH}/custom/{name}/text").status_code in (400, 404)


def test_nobody_enables_a_file_without_the_login_or_from_another_site(locked_site: Published, client, own) -> None:
    with locked_site.client() as stranger:
        assert stranger.post(f"{PATH}/custom/walk/enable", json={"digest": "0" * 64}).status_code == 401
    foreign = client.post(
        f"{PATH}/custom/walk/enable", json={"digest": "0" * 64}, headers={"Origin": "https://elsewhere.example"}
    )
    assert foreign.status_code == 403
