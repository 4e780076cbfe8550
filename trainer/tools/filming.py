"""Recording episodes of a checkpoint into its run's `videos/`, as the run itself does while it trains."""

from __future__ import annotations

import time
from typing import Any

from trainer.envs.seeding import mixed_seed
from trainer.media.parts import VIDEOS
from trainer.media.recorder import record_episode
from trainer.runs.evaluation import chooser
from trainer.tools.draws import begin_draws, own_draws
from trainer.tools.progress import CancelledError, Progress
from trainer.tools.results import folder_in
from trainer.tools.subject import Subject


def film(
    subject: Subject, *, episodes: int, seed: int, deterministic: bool, max_length: int, progress: Progress
) -> dict[str, Any]:
    """Record episodes, each in a file of its own, and return what `video_events` tells the store.

    A seed and an episode's number decide where it begins and, when `deterministic` is false, what is drawn in it.

    :raises PalaestraError: the environment cannot be drawn, or a file not written
    :raises CancelledError: it was cut short; nothing of it remains
    """
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    videos: list[dict[str, Any]] = []
    with subject.filmed_in(seed) as env:
        model = subject.model(env, seed)
        for number in range(episodes):
            progress.stage(number / episodes, (number + 1) / episodes)
            # By its number, so that it does not matter how long those before it were.
            own_seed = mixed_seed(seed, number)
            env.seed(own_seed)
            begin_draws(model, own_seed)
            path = folder_in(subject.directory, VIDEOS) / f"step_{subject.step:010d}_{stamp}_{number + 1}.mp4"
            with own_draws(own_seed):
                recording = record_episode(
                    chooser(model, env, deterministic=deterministic),
                    env,
                    path,
                    max_length=max_length,
                    fps=subject.config.video.fps,
                    should_stop=_Ticks(progress, max_length, f"episode {number + 1} of {episodes}"),
                )
            if recording is None:
                _discard(subject, videos)
                raise CancelledError
            videos.append(
                {
                    "path": recording.path.relative_to(subject.directory).as_posix(),
                    "poster": recording.poster.relative_to(subject.directory).as_posix(),
                    "episode_return": recording.episode_return,
                    "length": recording.length,
                    "fps": round(recording.fps),
                    "duration": recording.duration,
                    "size_bytes": recording.size_bytes,
                }
            )
    return {"run": subject.directory.name, "step": subject.step, "deterministic": deterministic, "videos": videos}


class _Ticks:
    """Counts the steps of an episode, whose length nobody knows, and asks at each whether to stop."""

    def __init__(self, progress: Progress, longest: int, words: str) -> None:
        self._progress, self._longest, self._words = progress, longest, words
        self._steps = 0

    def __call__(self) -> bool:
        self._steps += 1
        if self._steps % 25 == 0:
            self._progress.tell(self._steps / self._longest, f"{self._words}, step {self._steps:,}")
        return self._progress.cancelled


def _discard(subject: Subject, videos: list[dict[str, Any]]) -> None:
    for video in videos:
        for part in ("path", "poster"):
            (subject.directory / video[part]).unlink(missing_ok=True)
