"""One episode of a policy, filmed.

The video and its poster appear under their names only when both are whole. The return that is told is the
environment's own: unclipped, unshaped, undiscounted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.media.encoder import RecordingError, VideoEncoder
from trainer.media.frames import Frame, PosterChoice, presentable
from trainer.media.parts import part_of

if TYPE_CHECKING:
    from stable_baselines3.common.vec_env import VecEnv

_USUAL_FPS = 30.0

# (observations, which of them begin an episode) -> actions
Choose = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Recording:
    """A finished video.

    :param path: the mp4
    :param poster: a JPEG of the same size
    :param episode_return: unclipped; of the part that was filmed when `max_length` cut it
    :param length: agent steps filmed
    :param fps: frames per second
    :param duration: seconds
    :param size_bytes: of the mp4
    """

    path: Path
    poster: Path
    episode_return: float
    length: int
    fps: float
    duration: float
    size_bytes: int


def record_episode(
    choose: Choose,
    env: VecEnv,
    path: Path,
    *,
    max_length: int,
    fps: float | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Recording | None:
    """Play one episode from a reset on and film it.

    :param choose: (observations, which of them begin an episode) -> actions
    :param env: as `trainer.envs.factory.make_render_env` makes it
    :param path: of the mp4; the poster stands beside it as .jpg
    :param max_length: agent steps after which the film ends even within the episode
    :param fps: None plays at the environment's own speed
    :param should_stop: asked before every step, and may block there to hold; when it says yes the film is discarded
    :returns: None when it was discarded
    :raises RecordingError: the environment shows no picture, or the file cannot be written
    """
    rate = float(fps) if fps is not None else _own_fps(env)
    poster = PosterChoice()
    with VideoEncoder(path, rate) as encoder:

        def show(frame: Any) -> None:
            large = presentable(_drawn(frame))
            encoder.write(large)
            poster.offer(large)

        played = _play(choose, env, show, max_length, should_stop)
        if played is None:
            return None
        length, episode_return = played
        poster_path = path.with_suffix(".jpg")
        _save_with_poster(encoder, poster.choose(), poster_path)
    return Recording(
        path=path,
        poster=poster_path,
        episode_return=episode_return,
        length=length,
        fps=rate,
        duration=encoder.frames / rate,
        size_bytes=path.stat().st_size,
    )


def _play(
    choose: Choose,
    env: VecEnv,
    show: Callable[[Any], None],
    max_length: int,
    should_stop: Callable[[], bool],
) -> tuple[int, float] | None:
    """Play one episode, showing every frame; return its length and return, or None when told to stop."""
    observations = env.reset()
    try:
        first = env.get_images()[0]
    except NotImplementedError:
        first = None  # it has no `render` at all
    show(first)
    starts = np.ones(1, dtype=np.bool_)
    for length in range(1, max_length + 1):
        if should_stop():
            return None
        observations, _, starts, infos = env.step(choose(observations, starts))
        info = infos[0]
        # A finished copy has been reset by now and shows its next episode; the last picture is in the info.
        show(info["terminal_frame"] if "terminal_frame" in info else env.get_images()[0])
        if "episode" in info:
            return length, float(info["episode"]["r"])
    return max_length, float(env.get_attr("raw_return")[0])


def _own_fps(env: VecEnv) -> float:
    metadata = env.get_attr("metadata")[0] or {}
    return float(metadata.get("render_fps") or _USUAL_FPS)


def _drawn(frame: Any) -> Frame:
    if frame is None:
        raise RecordingError("This environment cannot be filmed: it offers no picture of itself (rgb_array).")
    return np.asarray(frame, dtype=np.uint8)


def _save_with_poster(encoder: VideoEncoder, frame: Frame, path: Path) -> None:
    """Give the video and its poster their names once both are written."""
    from PIL import Image

    part = part_of(path)
    try:
        Image.fromarray(frame).save(part, format="JPEG", quality=88)
        encoder.finish()
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
