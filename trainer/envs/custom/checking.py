"""Tries a file of environments out, in a process of its own: imports it and has Gymnasium check what it registers.

Every fault is told with the file and the line it comes from. Where Gymnasium's checker finds something wrong with what
a method returned, no line of the file is on the stack any more; the method's own line is named then.
"""

from __future__ import annotations

import re
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from trainer.envs.custom.files import digests
from trainer.envs.custom.source import BrokenFileError, Source, line_in, take_in
from trainer.errors import PalaestraError

_STEPS = 300
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# Part of a function's name in Gymnasium's checker -> the method that it looks at.
_LOOKED_AT = (("render", "render"), ("reset", "reset"), ("step", "step"), ("close", "close"))


def check_file(folder: str, name: str) -> dict[str, Any]:
    """Return what is to be known of a file of environments.

    :returns: `ids`, `problems` (severity, message, id, file, line), and `files`: SHA-256 of all that it imports here
    """
    check = _Check(Source(Path(folder), name, tuple(sorted(digests(Path(folder)).items()))))
    check.run()
    return {"ids": check.ids, "problems": check.problems, "files": check.imported()}


class _Check:
    def __init__(self, source: Source) -> None:
        self._source = source
        self.ids: list[str] = []
        self.problems: list[dict[str, Any]] = []
        self._env: Any = None  # that is being tried

    def run(self) -> None:
        with self._noting_warnings(None):
            try:
                self.ids = list(take_in(self._source))
            except BrokenFileError as error:
                text = error.message.partition(f"line {error.line}: ")[2] if error.line else error.message
                self._note("error", text, None, self._source.path.name, error.line)
        for environment_id in self.ids:
            with self._noting_warnings(environment_id):
                self._try(environment_id)

    def imported(self) -> dict[str, str]:
        """Return the files that were imported from the folder, the file itself always among them."""
        own = self._source.path.name
        return {
            name: digest
            for name, digest in self._source.files
            if name == own or _file_of(sys.modules.get(name.removesuffix(".py"))) == self._source.folder / name
        }

    def _try(self, environment_id: str) -> None:
        from gymnasium.utils.env_checker import check_env

        from trainer.envs.single import make_plain

        env: Any = None
        self._env = None
        try:
            env = self._env = make_plain(environment_id)
            # Pictures are looked at below: the checker would open windows on this machine's screen.
            check_env(env.unwrapped, skip_render_check=True)
            self._say_what_cannot_be_trained(environment_id, env)
            self._play(env)
            self._draw(environment_id, env)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever the user's code does is told to its user
            self._note("error", _words(error), environment_id, *self._place(error.__traceback__, env, error))
        finally:
            self._close(environment_id, env)

    def _say_what_cannot_be_trained(self, environment_id: str, env: Any) -> None:
        from trainer.envs.inspection import describe_spaces

        spaces = describe_spaces(env.observation_space, env.action_space, None, native=False)
        for what, kind in (("observation", spaces.observation_kind), ("action", spaces.action_kind)):
            if kind == "other" and type(getattr(env, f"{what}_space")).__name__ != "Tuple":
                text = f"No algorithm here can use its {what} space without a wrapper."
                self._note("warning", text, environment_id, *self._assignment(env, f"{what}_space"))

    def _play(self, env: Any) -> None:
        """Take steps at random, which the checker does only once."""
        env.reset(seed=0)
        env.action_space.seed(0)
        for _ in range(_STEPS):
            observation, reward, terminated, truncated, _ = env.step(env.action_space.sample())
            if observation not in env.observation_space:
                raise AssertionError("An observation of `step()` is outside the observation space.")
            if not np.isfinite(float(reward)):
                raise AssertionError(f"A reward of `step()` is {reward}.")
            if terminated or truncated:
                env.reset()

    def _draw(self, environment_id: str, env: Any) -> None:
        from trainer.envs.rendering import prepare_pygame
        from trainer.envs.single import make_plain

        if "rgb_array" not in (env.metadata.get("render_modes") or ()):
            text = "It has no picture of itself (render mode rgb_array): it can be trained on but not filmed."
            self._note("warning", text, environment_id, *self._assignment(env, "metadata"))
            return
        prepare_pygame()
        drawn: Any = None
        try:
            drawn = make_plain(environment_id, "rgb_array")
            drawn.reset(seed=0)
            frame: Any = drawn.render()
            if not (isinstance(frame, np.ndarray) and frame.dtype == np.uint8 and frame.shape[2:] == (3,)):
                raise AssertionError("`render()` must return height x width x 3 of uint8 in mode rgb_array.")
        except Exception as error:  # noqa: BLE001  # training needs no picture, so this is no reason to refuse it
            place = self._place(error.__traceback__, env, error)
            if place[1] is None:
                place = self._method(env, "render")
            self._note("warning", f"It cannot be filmed: {_words(error)}", environment_id, *place)
        finally:
            if drawn is not None:
                drawn.close()

    def _close(self, environment_id: str, env: Any) -> None:
        if env is None:
            return
        try:
            env.close()
        except Exception as error:  # noqa: BLE001  # as above
            self._note("warning", _words(error), environment_id, *self._place(error.__traceback__, env, error))

    # ---- where ---------------------------------------------------------------------------------------------

    def _place(self, trace: Any, env: Any, error: BaseException | None = None) -> tuple[str | None, int | None]:
        """Return file and line of the last call in the user's files, or else of the method that is concerned."""
        if isinstance(error, SyntaxError):
            return self._source.path.name, line_in(self._source.path, error)
        return self._place_among(traceback.extract_tb(trace), env, str(error))

    def _place_among(self, stack: traceback.StackSummary, env: Any, said: str) -> tuple[str | None, int | None]:
        own = [frame for frame in stack if Path(frame.filename).parent == self._source.folder]
        if own:
            return Path(own[-1].filename).name, own[-1].lineno
        space = next((name for name in ("observation_space", "action_space") if name in said.replace(" ", "_")), None)
        names = [frame.name for frame in stack]
        if space is not None and any("space" in name for name in names):
            return self._assignment(env, space)
        method = next((method for part, method in _LOOKED_AT if any(part in name for name in names)), None)
        return self._method(env, method or ("step" if "_play" in names else "__init__"))

    def _method(self, env: Any, name: str) -> tuple[str | None, int | None]:
        code = getattr(getattr(type(getattr(env, "unwrapped", None)), name, None), "__code__", None)
        if code is None or Path(code.co_filename).parent != self._source.folder:
            return self._source.path.name, None
        return Path(code.co_filename).name, code.co_firstlineno

    def _assignment(self, env: Any, attribute: str) -> tuple[str | None, int | None]:
        """Return where an attribute is set in the file that the environment's class is from."""
        file, line = self._method(env, "__init__")
        if file is None:
            return file, line
        text = (self._source.folder / file).read_text(encoding="utf-8", errors="replace").splitlines()
        wanted = re.compile(rf"\b{attribute}\b\s*(:[^=]+)?=")
        found = [number for number, each in enumerate(text, 1) if wanted.search(each)]
        return file, found[0] if found else line

    # ---- notes ---------------------------------------------------------------------------------------------

    def _note(
        self, severity: str, message: str, environment_id: str | None, file: str | None, line: int | None
    ) -> None:
        problem = {"severity": severity, "message": message, "id": environment_id, "file": file, "line": line}
        if problem not in self.problems:
            self.problems.append(problem)

    @contextmanager
    def _noting_warnings(self, environment_id: str | None) -> Iterator[None]:
        def note(
            message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any, **__: Any
        ) -> None:
            del category, lineno
            # What other libraries say to one another is not the user's to mend.
            if "gymnasium" in Path(filename).parts or Path(filename).parent == self._source.folder:
                text = _COLOURS.sub("", str(message)).removeprefix("WARN: ").strip()
                place = self._place_among(traceback.extract_stack(), self._env, text)
                self._note("warning", text, environment_id, *place)

        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = note
            yield


def _file_of(module: Any) -> Path | None:
    file = getattr(module, "__file__", None)
    return None if file is None else Path(file)


def _words(error: BaseException) -> str:
    if isinstance(error, PalaestraError):
        return error.message
    said = _COLOURS.sub("", str(error)).strip()
    if isinstance(error, AssertionError) and said:
        return said
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
