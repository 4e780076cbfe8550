"""Metric series: exact by cursor, honest when decimated, valid JSON whatever was logged."""

from __future__ import annotations

import json
import math
import threading
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from store_samples import Client, created, episode, eventually, loss

from trainer.errors import NotFoundError, PalaestraError
from trainer.events import MetricsLogged
from trainer.store import EPISODE_LENGTH, EPISODE_RETURN, Store

ALL = 20_000


def write_randomly(store: Store, random: np.random.Generator, events: int) -> None:
    """Emit metrics and episodes of two runs, going back to earlier steps and numbers now and then."""
    step, number = 0, 0
    for _ in range(events):
        step = max(0, step + int(random.integers(-3, 8)))
        number = max(1, number + int(random.integers(-2, 4)))
        run_id = str(random.choice(["a", "b"]))
        if random.random() < 0.5:
            store.emit(episode(run_id, number, float(random.normal()), step=step))
        else:
            names = random.choice(["loss", "entropy", "kl", "fps"], size=int(random.integers(1, 4)))
            store.emit(MetricsLogged(run_id, step=step, values={name: float(random.normal()) for name in names}))


@pytest.mark.parametrize("seed", range(4))
def test_reading_from_cursor_to_cursor_gives_what_one_full_read_gives(store: Store, seed: int) -> None:
    random = np.random.default_rng(seed)
    store.emit(created("a"))
    store.emit(created("b"))
    client = Client()
    for _ in range(25):
        write_randomly(store, random, int(random.integers(0, 60)))
        store.flush()
        client.take(store.metrics("a", since=client.cursor, max_points=ALL))

    whole = Client()
    whole.take(store.metrics("a", max_points=ALL))
    assert client.points == whole.points
    assert client.cursor == whole.cursor
    assert set(client.points) == set(store.metric_names("a"))
    assert store.metrics("a", since=client.cursor).series == {}


def test_a_client_that_reads_while_the_writer_writes_misses_nothing(database_url: str) -> None:
    store = Store.open(database_url, interval=0.002)
    store.commit(created("a"))
    store.commit(created("b"))
    client, done = Client(), threading.Event()

    def follow() -> None:
        while not done.is_set():
            client.take(store.metrics("a", since=client.cursor, max_points=ALL))

    reader = threading.Thread(target=follow)
    reader.start()
    random = np.random.default_rng(0)
    for _ in range(40):
        write_randomly(store, random, 100)
        store.flush()
    done.set()
    reader.join()

    client.take(store.metrics("a", since=client.cursor, max_points=ALL))
    whole = Client()
    whole.take(store.metrics("a", max_points=ALL))
    store.close()
    assert client.points == whole.points


def test_a_replay_replaces_and_the_cursor_tells_it(store: Store) -> None:
    store.commit(created("a"))
    for step in (1, 2, 3):
        store.emit(loss("a", step, float(step)))
    store.emit(episode("a", 1, 5.0))
    store.flush()
    before = store.metrics("a")

    store.emit(loss("a", 2, 20.0))
    store.emit(episode("a", 1, 50.0))
    store.flush()

    changed = store.metrics("a", since=before.cursor)
    assert changed.series["train/loss"].steps == [2]
    assert changed.series["train/loss"].values == [20.0]
    assert changed.series[EPISODE_RETURN].values == [50.0]
    assert store.metrics("a").series["train/loss"].values == [1.0, 20.0, 3.0]


def test_the_cursor_goes_on_after_a_restart(database_url: str) -> None:
    first = Store.open(database_url)
    first.emit(created("a"))
    first.emit(loss("a", 1, 1.0))
    first.flush()
    cursor = first.metrics("a").cursor
    first.close()

    second = Store.open(database_url)
    second.emit(loss("a", 1, 2.0))
    second.flush()
    changed = second.metrics("a", since=cursor)
    second.close()
    assert changed.series["train/loss"].values == [2.0]
    assert changed.cursor > cursor


def test_the_wanted_keys_alone_are_read_whole_or_by_cursor(store: Store) -> None:
    store.emit(created("a"))
    store.emit(MetricsLogged("a", step=1, values={"x": 1.0, "y": 2.0}))
    store.emit(episode("a", 1))
    store.flush()

    assert set(store.metrics("a", keys=["x", EPISODE_LENGTH, "absent"]).series) == {"x", EPISODE_LENGTH}
    assert set(store.metrics("a", keys=["y"], since=1).series) == {"y"}
    assert set(store.metrics("a", keys=[EPISODE_RETURN], since=1).series) == {EPISODE_RETURN}
    assert store.metrics("a", keys=[]).series == {}
    assert store.metrics("a", keys=[]).cursor == store.metrics("a").cursor


def test_a_run_without_points_has_no_series(store: Store) -> None:
    store.commit(created("a"))
    assert store.metric_names("a") == []
    assert (store.metrics("a").series, store.metrics("a").cursor) == ({}, 0)


def test_episodes_that_end_at_one_step_stay_apart(store: Store) -> None:
    store.emit(created("a"))
    for number in (1, 2, 3):
        store.emit(episode("a", number, float(number), step=8))
    store.flush()

    returns = store.metrics("a").series[EPISODE_RETURN]
    assert (returns.steps, returns.values, returns.numbers) == ([8, 8, 8], [1.0, 2.0, 3.0], [1, 2, 3])
    assert store.metrics("a").series[EPISODE_LENGTH].values == [10.0, 10.0, 10.0]


def test_what_is_not_finite_becomes_a_gap_and_everything_is_strict_json(store: Store) -> None:
    store.emit(created("a"))
    values = {"nan": math.nan, "inf": math.inf, "minus": -math.inf, "zero": 0.0, "largest": 1.7e308}
    store.emit(MetricsLogged("a", step=1, values=values))
    store.emit(episode("a", 1, math.nan))
    store.flush()

    for page in (store.metrics("a"), store.metrics("a", since=1)):
        json.dumps(asdict(page), allow_nan=False)
    found = {name: series.values for name, series in store.metrics("a").series.items()}
    assert found["nan"] == found["inf"] == found["minus"] == found[EPISODE_RETURN] == [None]
    assert (found["zero"], found["largest"]) == ([0.0], [1.7e308])
    assert store.episodes("a")[0].episode_return is None


def test_scalars_of_other_libraries_are_taken_for_what_they_are(store: Store) -> None:
    store.emit(created("a"))
    store.emit(MetricsLogged("a", step=np.int64(3), values={"f32": np.float32(0.5), "int": 7, "yes": True}))
    store.emit(episode("a", np.int32(1), np.float32(2.5), length=np.int64(9), env_index=np.int64(0)))
    store.flush()

    series = store.metrics("a").series
    assert [series[name].values for name in ("f32", "int", "yes", EPISODE_RETURN)] == [[0.5], [7.0], [1.0], [2.5]]
    assert series["f32"].steps == [3]


def test_a_metric_may_not_pose_as_an_episode_series(store: Store) -> None:
    store.commit(created("a"))
    with pytest.raises(PalaestraError, match="episode/return"):
        store.commit(loss("a", 1, 1.0, name=EPISODE_RETURN))


def series_of(store: Store, values: np.ndarray[Any, Any], kind: str, max_points: int) -> tuple[Any, Any]:
    """Write values as a metric or as episodes; return the whole series and the decimated one."""
    store.emit(created("a"))
    for index, value in enumerate(values):
        if kind == "metric":
            store.emit(loss("a", index * 7 + 3, float(value)))
        else:
            store.emit(episode("a", index + 1, float(value)))
    store.flush()
    name = "train/loss" if kind == "metric" else EPISODE_RETURN
    whole = store.metrics("a", keys=[name], max_points=ALL).series[name]
    return whole, store.metrics("a", keys=[name], max_points=max_points).series[name]


@pytest.mark.parametrize("kind", ["metric", "episode"])
def test_decimation_keeps_every_extreme_where_it_was(store: Store, kind: str) -> None:
    values = np.random.default_rng(0).normal(size=5_000)
    values[[1234, 4321]] = 99.0, -99.0
    whole, few = series_of(store, values, kind, max_points=100)

    points = list(zip(whole.steps, whole.values, whole.times, strict=True))
    kept = list(zip(few.steps, few.values, few.times, strict=True))
    assert 90 <= len(kept) <= 100
    assert set(kept) <= set(points), "every kept point is a true one"
    assert kept == sorted(kept)
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert {points[1234], points[4321]} <= set(kept)
    for start in range(0, 5_000 - 250, 250):  # no stretch of the curve leaves the envelope that is shown
        inside = [value for step, value, _ in kept if points[start][0] <= step <= points[start + 249][0]]
        truth = values[start : start + 250]
        assert min(inside) <= np.percentile(truth, 2)
        assert max(inside) >= np.percentile(truth, 98)


def test_decimation_shows_where_a_loss_was_no_number(store: Store) -> None:
    values = np.sin(np.arange(4_000) / 100)
    values[1_000:3_000] = math.nan
    _, few = series_of(store, values, "metric", max_points=200)

    gap = [value for step, value in zip(few.steps, few.values, strict=True) if 7_100 <= step <= 20_900]
    assert gap
    assert set(gap) == {None}
    assert None not in few.values[:40]


@pytest.mark.parametrize("size", [1, 3, 4, 5, 50, 51])
@pytest.mark.parametrize("asked", [-1, 4, 7, 50])
def test_a_series_never_has_more_points_than_asked_and_loses_none_needlessly(
    store: Store, size: int, asked: int
) -> None:
    whole, few = series_of(store, np.arange(size, dtype=float), "metric", max_points=asked)
    allowed = max(asked, 4)
    assert len(few.steps) <= allowed
    assert (few.steps[0], few.steps[-1]) == (whole.steps[0], whole.steps[-1])
    if size <= allowed:
        assert few == whole


def test_what_changed_since_a_cursor_is_decimated_too(store: Store) -> None:
    store.emit(created("a"))
    for step in range(3_000):
        store.emit(loss("a", step, 1.0))
    store.flush()
    cursor = store.metrics("a").cursor
    for step in range(2_000, 3_000):
        store.emit(loss("a", step, -50.0 if step == 2_500 else 2.0))
    store.flush()

    changed = store.metrics("a", since=cursor, max_points=100).series["train/loss"]
    assert len(changed.steps) <= 100
    assert (changed.steps[0], changed.steps[-1]) == (2_000, 2_999)
    assert -50.0 in changed.values
    assert 1.0 not in changed.values


def test_an_episode_is_seen_by_a_cursor_within_half_a_second(store: Store) -> None:
    store.commit(created("a"))
    store.emit(episode("a", 1))
    eventually(lambda: bool(store.metrics("a").series), seconds=0.5)
    assert store.metrics("a").series["episode/return"].numbers == [1]


def test_what_is_asked_together_is_of_one_moment(store: Store) -> None:
    store.commit(created("run-1"))
    with store.together():
        before = store.run("run-1").step, store.metrics("run-1").cursor
        other = threading.Thread(target=store.commit, args=(MetricsLogged("run-1", step=1, values={"a": 1.0}),))
        other.start()
        other.join()
        with pytest.raises(NotFoundError):
            store.run("no-such-run")
        assert (store.run("run-1").step, store.metrics("run-1").cursor) == before
    assert store.metrics("run-1").cursor > before[1]
