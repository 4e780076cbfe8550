"""Lengths of time are read as people write them, and what is shown is read back as the same number."""

from __future__ import annotations

import pytest

from trainer.config.durations import read_duration, show_duration

TEXTS = {
    "2 h": 7200,
    "2h": 7200,
    "90 min": 5400,
    "1:30:00": 5400,
    "1:30": 5400,
    "0:00:45.5": 45.5,
    "45s": 45,
    "45": 45,
    "1 h 30 min": 5400,
    "1h30m": 5400,
    "1.5 hours": 5400,
    "2 D": 172_800,
    "1e3 s": 1000,
    " 3 minutes ": 180,
    "-5": -5,
}
NONSENSE = [
    "",
    "  ",
    "h",
    "2 x",
    "two hours",
    "1:75",
    "1 h 30",
    "2,5 h",
    "1::2",
    "nan",
    "inf",
    "1e999 s",
    f"{'9' * 400}:30",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_length_of_time_is_read_as_it_is_meant(text: str) -> None:
    assert read_duration(text) == TEXTS[text]


@pytest.mark.parametrize("text", NONSENSE)
def test_what_is_no_length_of_time_is_not_guessed_at(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        read_duration(text)


@pytest.mark.parametrize("seconds", [1, 45, 60, 5400, 7200, 90_061, 86_400, 0.1, 45.5, 1e-9, 1e15, 123456789])
def test_what_is_shown_means_the_same(seconds: float) -> None:
    assert read_duration(show_duration(seconds)) == seconds


def test_lengths_are_shown_as_one_would_write_them() -> None:
    assert [show_duration(each) for each in (7200, 5400, 45, 45.5)] == ["2 h", "1 h 30 min", "45 s", "45.5 s"]
