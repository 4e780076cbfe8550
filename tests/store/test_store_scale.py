"""The sizes that the page must bear: a million points, ten thousand runs, five thousand videos."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from store_samples import created, loss, opened, state, video

from trainer.store import Store

pytestmark = pytest.mark.alone


def milliseconds(call: Callable[[], Any], repeats: int = 5) -> float:
    """Return the quickest of several calls: what the code costs, not what the machine does besides."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times) * 1e3


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """10,000 runs of 50 environments with a config each, 5,000 videos."""
    ends = ["completed"] * 90 + ["failed"] * 10
    with opened(tmp_path_factory.mktemp("crowded") / "p.db") as store:
        for number in range(10_000):
            run_id = f"r{number}"
            config = {"filler": "x" * 2_000}
            tags = ("common", f"tag{number % 100}")
            environment = f"Env{number % 50}-v1"
            store.emit(created(run_id, environment=environment, tags=tags, config=config, notes=f"note {number}"))
            store.emit(state(run_id, "running" if number >= 9_990 else ends[number % 100]))
            if number % 2:
                store.emit(video(run_id, "v"))
        store.flush(60)
        yield store


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"status": ["running", "paused", "queued"]},
        {"order": "ended", "limit": 12},
        {"environment": "Env7-v1"},
        {"tag": "tag7"},
        {"q": "note 77"},
        {"q": "nothing like that"},
        {"cursor": "50"},
    ],
    ids=str,
)
def test_a_page_of_ten_thousand_runs_takes_milliseconds(crowded: Store, asked: dict[str, Any]) -> None:
    took = milliseconds(lambda: crowded.runs(**asked))
    print(f"runs({asked}): {took:.1f} ms")
    assert took < 25


def test_ten_thousand_runs_are_walked_once_each(crowded: Store) -> None:
    seen: list[str] = []
    page = crowded.runs(limit=500)
    seen += [run.id for run in page.items]
    while page.cursor is not None:
        page = crowded.runs(limit=500, cursor=page.cursor)
        seen += [run.id for run in page.items]
    assert seen == [f"r{number}" for number in reversed(range(10_000))]


def test_what_a_dashboard_polls_takes_milliseconds(crowded: Store) -> None:
    assert milliseconds(crowded.counts) < 25
    assert milliseconds(lambda: crowded.run("r5000")) < 25
    assert milliseconds(crowded.videos) < 25
    assert milliseconds(lambda: crowded.videos(environment="Env7-v1")) < 25
    assert milliseconds(lambda: crowded.videos(q="note 77")) < 25
    assert crowded.counts() == {"completed": 9_000, "failed": 990, "running": 10}


def check_series(path: Path, points: int, decimation_ms: float) -> None:
    values = np.random.default_rng(0).normal(size=points)
    with opened(path) as store:
        store.commit(created("a"))
        for step, value in enumerate(values):
            store.emit(loss("a", step * 8, float(value)))
        store.flush(120)

        page = store.metrics("a", max_points=2_000)
        kept = page.series["train/loss"]
        assert len(kept.steps) <= 2_000
        assert (min(kept.values, key=float), max(kept.values, key=float)) == (values.min(), values.max())  # type: ignore[arg-type]
        whole = milliseconds(lambda: store.metrics("a", max_points=2_000), repeats=3)
        store.commit(loss("a", points * 8, 1.0))
        step = milliseconds(lambda: store.metrics("a", since=page.cursor))
        assert store.metrics("a", since=page.cursor).series["train/loss"].steps == [points * 8]
        print(f"{points:,} points: decimated in {whole:.0f} ms, next read {step:.2f} ms")
        assert whole < decimation_ms
        assert step < 5


def test_a_long_series_is_decimated_quickly_and_read_on_at_once(tmp_path: Path) -> None:
    check_series(tmp_path / "p.db", 100_000, decimation_ms=150)


@pytest.mark.slow
def test_a_million_points_are_decimated_within_half_a_second(tmp_path: Path) -> None:
    check_series(tmp_path / "p.db", 1_000_000, decimation_ms=500)
