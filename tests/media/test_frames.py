"""What becomes of single frames."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.media.frames import PosterChoice, presentable


def test_a_small_frame_is_enlarged_pixel_by_pixel() -> None:
    frame = np.random.default_rng(0).integers(0, 255, (210, 160, 3), dtype=np.uint8)
    large = presentable(frame)
    assert large.shape == (420, 320, 3)
    assert np.array_equal(large[::2, ::2], frame) and np.array_equal(large[1::2, 1::2], frame)


@pytest.mark.parametrize("shape", [(301, 401, 3), (300, 401, 3), (301, 400, 3)])
def test_odd_sides_become_even_by_repeating_the_last_line(shape: tuple[int, int, int]) -> None:
    frame = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    even = presentable(frame)
    assert even.shape == (shape[0] + shape[0] % 2, shape[1] + shape[1] % 2, 3)
    assert np.array_equal(even[: shape[0], : shape[1]], frame)
    assert np.array_equal(even[-1, : shape[1]], frame[-1])


def test_a_large_even_frame_is_left_alone() -> None:
    frame = np.zeros((400, 600, 3), dtype=np.uint8)
    assert presentable(frame) is frame


@pytest.mark.parametrize("shape", [(84, 84), (84, 84, 1), (0, 84, 3)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="height x width x 3"):
        presentable(np.zeros(shape, dtype=np.uint8))


@pytest.mark.parametrize("length", [1, 2, 3, 7, 100, 1001, 4096])
def test_the_poster_is_from_the_middle_and_few_frames_are_kept(length: int) -> None:
    choice = PosterChoice()
    for number in range(1, length + 1):
        choice.offer(np.full((2, 2, 3), number % 251, dtype=np.uint8))
    chosen = int(choice.choose()[0, 0, 0])
    middle = {number % 251 for number in range(max(1, length // 3), 2 * length // 3 + 1)} or {1}
    assert chosen in middle
    assert len(choice._candidates) <= 3


def test_a_video_without_frames_has_no_poster() -> None:
    with pytest.raises(ValueError, match="no frame"):
        PosterChoice().choose()
