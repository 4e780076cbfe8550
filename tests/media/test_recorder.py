"""Recorded episodes: files that every browser plays, with the return that the environment gave."""

from __future__ import annotations

from ctypes.util import find_library
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from trainer.config.environment import EnvironmentConfig
from trainer.envs.factory import make_render_env
from trainer.media.encoder import RecordingError, VideoEncoder
from trainer.media.parts import part_of
from trainer.media.recorder import Recording, record_episode


def film(env_id: str, path: Path, max_length: int = 500, seed: int = 0, **options: Any) -> Recording | None:
    env = make_render_env(EnvironmentConfig(id=env_id), seed)

    begun: list[bool] = []

    def choose(observations: Any, starts: Any) -> Any:
        begun.append(bool(starts[0]))
        assert begun.index(True) == 0, "the first step begins an episode"
        return np.array([env.action_space.sample()])

    try:
        return record_episode(choose, env, path, max_length=max_length, **options)
    finally:
        env.close()


def boxes(path: Path) -> list[str]:
    """Return the names of the top-level boxes of an mp4, in order."""
    data, names, at = path.read_bytes(), [], 0
    while at < len(data):
        names.append(data[at + 4 : at + 8].decode())
        at += int.from_bytes(data[at : at + 4], "big")
    return names


def frames(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_an_episode_becomes_an_mp4_that_browsers_play(tmp_path: Path) -> None:
    recording = film("CartPole-v1", tmp_path / "videos" / "step_0000000100.mp4")
    assert recording is not None
    with av.open(str(recording.path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert float(stream.average_rate) == recording.fps == 50
        assert sum(1 for _ in container.decode(stream)) == recording.length + 1
    assert boxes(recording.path).index("moov") < boxes(recording.path).index("mdat")
    assert recording.episode_return == recording.length
    assert recording.duration == pytest.approx((recording.length + 1) / 50)
    assert recording.size_bytes == recording.path.stat().st_size
    assert [file.name for file in sorted(recording.path.parent.iterdir())] == [
        "step_0000000100.jpg",
        "step_0000000100.mp4",
    ]


def test_the_last_frame_is_the_end_of_the_episode_and_not_the_next_ones_start(tmp_path: Path) -> None:
    recording = film("CartPole-v1", tmp_path / "a.mp4")
    assert recording is not None
    seen = frames(recording.path)
    moved = [float(np.abs(after.astype(int) - before).mean()) for before, after in pairwise(seen)]
    assert moved[-1] < 3 * np.median(moved), "a jump back to the start would be a far larger change"


def test_an_atari_game_is_enlarged_crisply_and_filmed_past_a_lost_life(tmp_path: Path) -> None:
    recording = film("BreakoutNoFrameskip-v4", tmp_path / "a.mp4")
    assert recording is not None
    assert recording.length > 100, "a game has five lives"
    assert recording.fps == 15
    assert frames(recording.path)[0].shape == (420, 320, 3)
    with Image.open(recording.poster) as poster:
        assert poster.size == (320, 420)
        assert poster.format == "JPEG"


def test_a_film_ends_at_its_length_with_the_return_so_far(tmp_path: Path) -> None:
    recording = film("Pendulum-v1", tmp_path / "a.mp4", max_length=20, fps=10)
    assert recording is not None
    assert (recording.length, recording.fps) == (20, 10.0)
    assert recording.episode_return < 0
    assert len(frames(recording.path)) == 21


@pytest.mark.skipif(
    find_library("EGL") is None and find_library("OSMesa") is None, reason="nothing can draw MuJoCo here"
)
def test_mujoco_is_filmed_without_a_display(tmp_path: Path) -> None:
    recording = film("HalfCheetah-v5", tmp_path / "a.mp4", max_length=3)
    assert recording is not None
    assert frames(recording.path)[-1].std() > 10


def test_a_film_that_is_told_to_stop_leaves_nothing(tmp_path: Path) -> None:
    asked = iter([False] * 5 + [True])
    assert film("CartPole-v1", tmp_path / "a.mp4", should_stop=lambda: next(asked)) is None
    assert list(tmp_path.iterdir()) == []


def test_a_policy_that_fails_leaves_nothing(tmp_path: Path) -> None:
    env = make_render_env(EnvironmentConfig(id="CartPole-v1"), 0)

    def choose(observations: Any, starts: Any) -> Any:
        raise RuntimeError("no such weights")

    with pytest.raises(RuntimeError, match="no such weights"):
        record_episode(choose, env, tmp_path / "a.mp4", max_length=10)
    assert list(tmp_path.iterdir()) == []


def test_an_older_film_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"older")
    film("CartPole-v1", path, should_stop=lambda: True)
    assert path.read_bytes() == b"older"
    assert film("CartPole-v1", path) is not None
    assert boxes(path)[0] == "ftyp"


def test_what_ffmpeg_says_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    with (
        pytest.raises(RecordingError, match=r"a\.mp4 could not be written: .+"),
        VideoEncoder(folder / "a.mp4", 30) as film,
    ):
        folder.mkdir()
        part_of(folder / "a.mp4").mkdir()
        for _ in range(200):
            film.write(np.zeros((256, 256, 3), dtype=np.uint8))
        film.finish()


def test_frames_of_two_sizes_are_refused(tmp_path: Path) -> None:
    with VideoEncoder(tmp_path / "a.mp4", 30) as film:
        film.write(np.zeros((64, 64, 3), dtype=np.uint8))
        with pytest.raises(ValueError, match="one size"):
            film.write(np.zeros((64, 66, 3), dtype=np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_a_video_without_a_frame_is_refused(tmp_path: Path) -> None:
    with VideoEncoder(tmp_path / "a.mp4", 30) as film, pytest.raises(RecordingError, match="at least one frame"):
        film.finish()
