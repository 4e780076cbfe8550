"""Runs, their lives, their files and their lines, as the store keeps and lists them."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import create_engine, func, select
from store_samples import created, episode, loss, state, video

from trainer.errors import ConfigError, ConflictError, NotFoundError
from trainer.events import (
    CheckpointRemoved,
    CheckpointSaved,
    ConfigEdited,
    EvaluationEnded,
    LogWritten,
    ProgressMade,
    RunRewound,
)
from trainer.store import Store, tables


def progress(run_id: str, step: int, **changes: object) -> ProgressMade:
    known = {"total_steps": 1000, "progress": step / 1000, "fps": 100.0, "eta_seconds": 9.0, "elapsed_seconds": 1.0}
    known |= {"episodes": 3, "return_last": 0.0, "return_mean": 1.0, "return_best": 2.0}
    return ProgressMade(run_id, step=step, **(known | changes))


def test_a_created_run_is_there_with_all_that_was_said_about_it(store: Store) -> None:
    store.commit(created("a", name="first", seed=7, preset="ppo_cartpole", tags=("x", "y", "x"), notes="n", time=5.0))

    run = store.run("a")

    assert (run.id, run.name, run.status, run.environment, run.algorithm) == (
        "a",
        "first",
        "queued",
        "CartPole-v1",
        "ppo",
    )
    assert (run.seed, run.total_steps, run.preset, run.tags, run.notes) == (7, 1000, "ppo_cartpole", ("x", "y"), "n")
    assert (run.owner, run.created_at, run.updated_at) == ("test", 5.0, 5.0)
    assert (run.step, run.progress, run.fps, run.episodes) == (0, 0.0, 0.0, 0)
    assert run.started_at is run.ended_at is run.evaluation is run.return_best is run.reason is run.error is None


def test_zero_false_empty_and_null_survive(store: Store) -> None:
    config = {
        "zero": 0,
        "float": 0.0,
        "no": False,
        "empty": "",
        "none": None,
        "list": [],
        "dict": {},
        "text": "ß\u2028",
    }
    store.commit(created("a", name="", notes="", seed=0, total_steps=None, config=config, preset=None))

    run = store.run("a")

    assert store.run_config("a") == config
    assert type(store.run_config("a")["no"]) is bool
    assert (run.name, run.notes, run.seed, run.total_steps, run.preset, run.tags) == ("", "", 0, None, None, ())


def test_where_the_time_went_is_kept_by_branch(store: Store) -> None:
    store.commit(created("a"))
    assert store.run("a").timing is None
    store.commit(progress("a", 10, timing={"collect/inference": 1.25, "video": 0.0}))
    assert store.run("a").timing == {"collect/inference": 1.25, "video": 0.0}
    assert store.runs().items[0].timing == store.run("a").timing


def test_an_unknown_run_is_refused_with_the_nearest_name(store: Store) -> None:
    store.commit(created("ppo-cartpole-1"))

    for ask in (store.run, store.run_config, store.metrics, store.metric_names, store.episodes, store.logs):
        with pytest.raises(NotFoundError, match="Did you mean 'ppo-cartpole-1'"):
            ask("ppo-cartpol-1")
    for ask in (store.checkpoints, store.videos, store.delete_run, store.update_run):
        with pytest.raises(NotFoundError, match="no run 'nobody'"):
            ask("nobody")


def test_names_that_no_database_can_hold_are_just_not_found(store: Store) -> None:
    for strange in ("\x00", "a\ud800", "%", "' OR 1=1", ""):
        with pytest.raises(NotFoundError):
            store.run(strange)
        assert store.runs(q=strange + "zzz", environment=strange, tag=strange).items == []


def test_a_run_lives_and_ends_and_lives_again(store: Store) -> None:
    store.commit(created("a", owner="first"))
    store.commit(state("a", "running", time=10.0))
    store.commit(state("a", "paused", step=5, reason="asked to", time=20.0))
    store.commit(state("a", "running", step=5, time=30.0))
    assert store.run("a").started_at == 10.0
    assert store.run("a").ended_at is store.run("a").reason is None

    store.commit(state("a", "failed", step=9, reason="out of memory", error="Traceback …", time=40.0))
    failed = store.run("a")
    assert (failed.status, failed.step, failed.reason, failed.error) == ("failed", 9, "out of memory", "Traceback …")
    assert (failed.started_at, failed.ended_at, failed.owner) == (10.0, 40.0, "first")

    store.commit(state("a", "running", step=9, owner="second", time=50.0))
    again = store.run("a")
    assert (again.ended_at, again.error, again.reason, again.started_at) == (None, None, None, 10.0)
    assert (again.owner, again.updated_at) == ("second", 50.0)


@pytest.mark.parametrize("status", ["completed", "stopped", "failed", "interrupted"])
def test_each_final_state_ends_the_run(store: Store, status: str) -> None:
    store.commit(created("a"))
    store.commit(state("a", status, time=9.0))
    assert store.run("a").ended_at == 9.0


def test_progress_and_evaluation_replace_what_was_known(store: Store) -> None:
    store.commit(created("a"))
    store.emit(progress("a", 100))
    store.emit(progress("a", 200, eta_seconds=None, return_last=0.0, return_best=float("inf"), fps=float("nan")))
    store.emit(EvaluationEnded("a", step=150, mean_return=475.5, std_return=0.0, mean_length=475.5, episodes=20))
    store.flush()

    run = store.run("a")
    assert (run.step, run.progress, run.episodes, run.return_last) == (200, 0.2, 3, 0.0)
    assert (run.eta_seconds, run.return_best, run.fps) == (None, None, 0.0)
    assert run.evaluation == {"mean_return": 475.5, "std_return": 0.0, "episodes": 20, "step": 150}
    assert store.metrics("a").series["eval/mean_return"].values == [475.5]
    assert {"eval/std_return", "eval/mean_length"} <= set(store.metric_names("a"))


def test_the_same_creation_twice_is_one_run_and_another_under_its_id_is_refused(store: Store) -> None:
    first = created("a", name="first")
    store.commit(first)
    store.commit(first)
    with pytest.raises(ConflictError, match="already exists"):
        store.commit(created("a", name="second"))
    assert [run.name for run in store.runs().items] == ["first"]


def test_name_tags_and_notes_change_alone_and_are_found_again(store: Store) -> None:
    store.commit(created("a", name="old", tags=("one",), notes="kept"))

    store.update_run("a", name="Ärger", tags=["b", "a"])
    assert (store.run("a").name, store.run("a").tags, store.run("a").notes) == ("Ärger", ("b", "a"), "kept")
    store.update_run("a", notes="")
    assert (store.run("a").tags, store.run("a").notes) == (("b", "a"), "")
    store.update_run("a", tags=())

    assert store.run("a").tags == ()
    assert store.runs(tag="b").items == store.runs(q="one").items == store.runs(q="kept").items == []
    assert [run.id for run in store.runs(q="äRGER").items] == ["a"]


def test_filters_find_what_they_name_and_nothing_else(store: Store) -> None:
    store.emit(created("a", name="100% Pong_x", environment="ALE/Pong-v5", algorithm="dqn", tags=("atari", 'q"uote')))
    store.emit(created("b", environment="CartPole-v1", notes="the slow one"))
    store.emit(created("c", environment="CartPole-v1", tags=("atari games",)))
    store.emit(state("c", "running"))
    store.flush()

    def found(**asked: object) -> list[str]:
        return [run.id for run in store.runs(**asked).items]

    assert found() == ["c", "b", "a"]
    assert found(status=["queued"]) == ["b", "a"]
    assert found(status=("running", "queued"), environment="CartPole-v1") == ["c", "b"]
    assert found(environment="CartPole") == []
    assert found(algorithm="dqn") == ["a"]
    assert found(tag="atari") == ["a"]
    assert found(tag='q"uote') == ["a"]
    assert found(tag="") == []
    assert found(q="pong 100%") == ["a"]
    assert found(q="0_P") == found(q="pong cartpole") == []
    assert found(q="SLOW") == ["b"]
    assert store.counts() == {"queued": 2, "running": 1}


def test_pages_follow_each_other_without_gaps_while_runs_are_added(store: Store) -> None:
    for number in range(25):
        store.emit(created(f"r{number}"))
    store.flush()

    seen: list[str] = []
    page = store.runs(limit=10)
    while True:
        seen += [run.id for run in page.items]
        if page.cursor is None:
            break
        store.commit(created(f"later{len(seen)}"))
        page = store.runs(limit=10, cursor=page.cursor)

    assert seen == [f"r{number}" for number in reversed(range(25))]


def test_runs_by_their_end_leave_out_what_lives(store: Store) -> None:
    for number, end in enumerate([30.0, 10.0, 20.0, 20.0]):
        store.emit(created(f"r{number}"))
        store.emit(state(f"r{number}", "completed", time=end))
    store.emit(created("alive"))
    store.flush()

    first = store.runs(order="ended", limit=2)
    second = store.runs(order="ended", limit=2, cursor=first.cursor)

    assert [run.id for run in first.items + second.items] == ["r0", "r3", "r2", "r1"]
    assert second.cursor is None


@pytest.mark.parametrize("cursor", ["x", "1;", "9" * 30, "", "1.5"])
def test_a_made_up_cursor_is_refused_by_name(store: Store, cursor: str) -> None:
    with pytest.raises(ConfigError, match="cursor"):
        store.runs(cursor=cursor)
    with pytest.raises(ConfigError, match="cursor"):
        store.videos(cursor=cursor)
    with pytest.raises(ConfigError, match="cursor"):
        store.runs(cursor=cursor, order="ended")


def test_log_lines_are_read_on_from_a_number_or_from_the_end(store: Store) -> None:
    store.commit(created("a"))
    for number in range(1, 11):
        store.emit(LogWritten("a", level="info", text=f"line {number}\x00", time=float(number)))
    store.flush()

    first = store.logs("a", limit=4)
    assert [line.number for line in first] == [1, 2, 3, 4]
    assert [line.number for line in store.logs("a", after=first[-1].number)] == [5, 6, 7, 8, 9, 10]
    assert [line.number for line in store.logs("a", tail=3)] == [8, 9, 10]
    assert [line.number for line in store.logs("a", after=9, tail=3)] == [10]
    assert store.logs("a", tail=0) == store.logs("a", after=10**30) == []
    assert (first[0].text, first[0].level, first[0].time) == ("line 1\ufffd", "info", 1.0)


def test_line_numbers_go_on_after_the_store_was_closed(database_url: str) -> None:
    for expected in (1, 2):
        store = Store.open(database_url)
        if expected == 1:
            store.commit(created("a"))
        store.commit(LogWritten("a", level="info", text="hello"))
        assert len(store.logs("a")) == expected
        store.close()


def test_a_checkpoint_saved_again_is_listed_once_and_a_removed_one_not_at_all(store: Store) -> None:
    store.commit(created("a"))
    for step, size in ((200, 1), (100, 2), (100, 3)):
        store.emit(
            CheckpointSaved("a", step=step, kind="periodic", path=f"checkpoints/step_{step}", size_bytes=size, time=1.0)
        )
    store.flush()
    assert [(saved.step, saved.size_bytes, saved.mean_return) for saved in store.checkpoints("a")] == [
        (100, 3, None),
        (200, 1, None),
    ]

    store.emit(CheckpointRemoved("a", path="checkpoints/step_100"))
    store.flush()
    assert [saved.path for saved in store.checkpoints("a")] == ["checkpoints/step_200"]


def test_videos_of_all_runs_are_paged_filtered_and_named(store: Store) -> None:
    store.emit(created("a", name="pong", environment="ALE/Pong-v5"))
    store.emit(created("b", name="cart"))
    for number in range(5):
        store.emit(video("a", f"v{number}", step=number, time=float(number)))
        store.emit(video("b", f"v{number}", step=number, episode_return=0.0))
    store.flush()

    first = store.videos(limit=6)
    second = store.videos(limit=6, cursor=first.cursor)
    assert [shown.step for shown in first.items + second.items] == [4, 4, 3, 3, 2, 2, 1, 1, 0, 0]
    assert second.cursor is None
    assert len({shown.id for shown in first.items + second.items}) == 10

    assert {shown.run_id for shown in store.videos(environment="ALE/Pong-v5").items} == {"a"}
    assert {shown.run_id for shown in store.videos(q="CART").items} == {"b"}
    newest = store.videos("a", limit=1).items[0]
    assert (newest.run_name, newest.environment, newest.algorithm) == ("pong", "ALE/Pong-v5", "ppo")
    assert (newest.path, newest.poster, newest.duration, newest.created_at) == (
        "videos/v4.mp4",
        "videos/v4.jpg",
        16.5,
        4.0,
    )


def test_deleting_a_run_leaves_no_row_of_it_and_every_row_of_the_others(store: Store, database_url: str) -> None:
    for run_id in ("a", "b"):
        store.emit(created(run_id, tags=("t",)))
        store.emit(loss(run_id, 1, 0.5))
        store.emit(episode(run_id, 1))
        store.emit(LogWritten(run_id, level="info", text="x"))
        store.emit(CheckpointSaved(run_id, step=1, kind="final", path="checkpoints/step_1", size_bytes=1))
        store.emit(video(run_id, "v"))
        store.emit(edited(run_id, 1, gamma=(0.9, 0.8)))

    store.delete_run("a")
    store.emit(loss("a", 2, 0.5))
    store.flush()

    with pytest.raises(NotFoundError):
        store.run("a")
    assert store.run("b").tags == ("t",)
    engine = create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        left = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (tables.runs, *tables.OF_A_RUN)
        }
    engine.dispose()
    assert left == dict.fromkeys(left, 1)


def edited(run_id: str, step: int, **changes: tuple[object, object]) -> ConfigEdited:
    config = {name: after for name, (_, after) in changes.items()}
    return ConfigEdited(run_id, step=step, changes=changes, config=config)


def test_edits_are_listed_in_order_and_the_newest_configuration_holds(store: Store) -> None:
    store.emit(created("a", config={"gamma": 0.9}))
    store.emit(edited("a", 10, gamma=(0.9, 0.0)))
    store.commit(edited("a", 20, gamma=(0.0, None)))

    first, second = store.config_edits("a")
    assert (first.step, first.changes) == (10, {"gamma": [0.9, 0.0]})
    assert (second.step, second.changes) == (20, {"gamma": [0.0, None]})
    assert store.run("a").edits == 2
    assert store.run_config("a") == {"gamma": None}
    with pytest.raises(NotFoundError):
        store.config_edits("b")


def test_edits_stay_when_a_run_goes_back_and_hold_from_there_on(store: Store) -> None:
    for run_id in ("a", "b"):
        store.emit(created(run_id))
        for step in (10, 20, 30):
            store.emit(edited(run_id, step, gamma=(0.9, step / 100)))
    store.emit(loss("a", 30, 0.5))
    store.commit(RunRewound("a", step=15, episodes=0))
    store.commit(edited("a", 18, gamma=(0.3, 0.4)))

    assert [edit.step for edit in store.config_edits("a")] == [10, 15, 15, 18]
    assert [edit.step for edit in store.config_edits("b")] == [10, 20, 30]
    assert store.metrics("a").series == {}
    assert store.run_config("a") == {"gamma": 0.4}


def test_episodes_are_read_on_from_a_number(store: Store) -> None:
    store.commit(created("a"))
    for number in np.random.default_rng(0).permutation(np.arange(1, 31)):
        store.emit(episode("a", number, float(number), env_index=number % 4))
    store.flush()

    first = store.episodes("a", limit=10)
    assert [row.number for row in first] == list(range(1, 11))
    rest = store.episodes("a", after=10)
    assert [(row.number, row.episode_return, row.env_index) for row in rest] == [
        (number, float(number), number % 4) for number in range(11, 31)
    ]
