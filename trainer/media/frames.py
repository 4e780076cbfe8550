"""What becomes of one frame before it is shown: crisp enlargement, even sides, and which frame stands for a video."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]

_SHORT_SIDE = 256


def presentable(frame: Frame) -> Frame:
    """Return a frame as it is encoded: small ones enlarged pixel by pixel, both sides even.

    H.264 with yuv420p stores colour for blocks of 2 x 2 pixels; an odd side repeats its last line.

    :param frame: height x width x 3, uint8
    :raises ValueError: it has another shape
    """
    if frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
        raise ValueError(f"A frame must be height x width x 3; given was {frame.shape}.")
    factor = -(-_SHORT_SIDE // min(frame.shape[:2]))
    large = frame if factor == 1 else frame.repeat(factor, axis=0).repeat(factor, axis=1)
    odd = [(0, side % 2) for side in large.shape[:2]]
    if any(extra for _, extra in odd):
        large = np.pad(large, (*odd, (0, 0)), mode="edge")
    return np.ascontiguousarray(large, dtype=np.uint8)


class PosterChoice:
    """Picks a frame from the middle third of a video whose length nobody knows yet, keeping three frames at most.

    The frames number 1, 2, 4, 8 … are candidates; the largest of them within two thirds of the video lies in the
    middle third or just before it.
    """

    def __init__(self) -> None:
        self._seen = 0
        self._candidates: deque[tuple[int, Frame]] = deque(maxlen=3)

    def offer(self, frame: Frame) -> None:
        """Show the next frame of the video."""
        self._seen += 1
        if self._seen & (self._seen - 1) == 0:
            self._candidates.append((self._seen, frame.copy()))

    def choose(self) -> Frame:
        """Return the frame that stands for the video.

        :raises ValueError: none was offered
        """
        if not self._candidates:
            raise ValueError("There is no frame to choose from.")
        fitting = [frame for number, frame in self._candidates if 3 * number <= 2 * self._seen]
        return fitting[-1] if fitting else self._candidates[0][1]
