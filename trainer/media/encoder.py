"""H.264 videos that every browser plays, written frame by frame.

Frames go through a pipe to the ffmpeg that imageio-ffmpeg ships, so memory stays bounded however long the video is.
The file appears under its own name only when it is whole (`finish`); whatever else happens, nothing is left behind.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast

from trainer.errors import PalaestraError
from trainer.media.frames import Frame
from trainer.media.parts import part_of

_PATIENCE = 60.0  # seconds that ffmpeg gets to move the index to the front of the file


class RecordingError(PalaestraError):
    """A video could not be written; nothing of it remains."""

    code = "recording_failed"


class VideoEncoder:
    """Writes frames of one size into an mp4: H.264, yuv420p, index in front.

    Use it as a context manager and call `finish` at the end of the block; without that the video is discarded.

    :param path: of the finished file; its folder is made, but none above it: a run that was deleted stays so
    :param fps: frames per second
    """

    def __init__(self, path: Path, fps: float) -> None:
        self.path = path
        self.frames = 0
        self._fps = fps
        self._part = part_of(path)
        self._process: subprocess.Popen[bytes] | None = None
        self._input: IO[bytes] | None = None
        self._messages: IO[bytes] | None = None
        self._shape: tuple[int, ...] = ()
        self._open = contextlib.ExitStack()

    def __enter__(self) -> VideoEncoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._input is not None:
            with contextlib.suppress(OSError):
                self._input.close()
        self._open.close()
        with contextlib.suppress(OSError):  # what led here matters more than a leftover
            self._part.unlink(missing_ok=True)

    def write(self, frame: Frame) -> None:
        """Append one frame.

        :param frame: height x width x 3 of uint8, both sides even, contiguous
        :raises ValueError: its size differs from the first one's
        :raises RecordingError: ffmpeg gave up (a full disk, for one)
        """
        pipe = self._input or self._start(frame)
        if frame.shape != self._shape:
            raise ValueError(f"Every frame of a video has one size: {self._shape} came first, then {frame.shape}.")
        try:
            pipe.write(frame.data)
        except OSError as error:
            raise self._failure() from error
        self.frames += 1

    def finish(self) -> None:
        """Complete the file and give it its name.

        :raises RecordingError: no frame was written, or ffmpeg failed
        """
        if self._process is None or self._input is None:
            raise RecordingError("A video needs at least one frame.")
        try:
            self._input.close()
            code = self._process.wait(_PATIENCE)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise self._failure() from error
        if code != 0:
            raise self._failure()
        self._part.replace(self.path)

    def _start(self, frame: Frame) -> IO[bytes]:
        """Run ffmpeg for frames of this size and return the pipe into it."""
        import imageio_ffmpeg

        self.path.parent.mkdir(exist_ok=True)
        self._shape = frame.shape
        height, width = frame.shape[:2]
        source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{self._fps:g}", "-i", "-"]
        # Two threads at most: the agent that is filmed is usually training on the same cores.
        codec = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p", "-threads", "2"]
        target = ["-an", "-movflags", "+faststart", "-f", "mp4", str(self._part)]
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", *source, *codec, *target]
        self._messages = self._open.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
        self._process = subprocess.Popen(  # noqa: S603 - a fixed command; the only foreign part is a path of ours
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._messages, **_apart()
        )
        self._input = cast("IO[bytes]", self._process.stdin)
        return self._input

    def _failure(self) -> RecordingError:
        said = ""
        if self._messages is not None:
            self._messages.seek(0)
            said = self._messages.read()[-500:].decode(errors="replace").strip()
        return RecordingError(f"The video {self.path.name} could not be written: {said or 'ffmpeg gave no reason'}.")


def _apart() -> dict[str, Any]:
    """Return how to keep Ctrl+C from reaching ffmpeg: a run that is stopped decides itself what becomes of a video."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}
