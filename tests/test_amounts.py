"""Amounts in words: the same on the server as on the page."""

import pytest

from trainer.amounts import counted, size

# Bytes and what they are called; tests/browser/test_page_arithmetic.py holds the page to the same.
SIZES = [
    (2048, "2.0 kB"),
    (50 * 2**20, "50.0 MB"),
    (300e6, "286 MB"),
    (24 * 2**30, "24.0 GB"),
    (3400e9, "3.1 TB"),
    (5000 * 2**40, "5000 TB"),
]


@pytest.mark.parametrize(("count", "words"), SIZES)
def test_bytes_are_told_in_powers_of_1024_up_to_terabytes(count, words) -> None:
    assert size(count) == words


def test_one_is_not_several() -> None:
    assert [counted(number, "run") for number in (0, 1, 2_000)] == ["0 runs", "1 run", "2,000 runs"]
    assert [counted(number, "copy", "copies") for number in (1, 2)] == ["1 copy", "2 copies"]
    assert [size(number) for number in (0, 1)] == ["0 bytes", "1 byte"]
