"""What the page is told of single environments: spaces, picture, and what can be trained on them.

Nothing is made in this process: `worker` finds it out, once for each version of what registers an environment, and the
answer is kept in the outputs folder. Somebody who asks for what is being found out already waits for that answer.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trainer import __version__
from trainer.config.algorithms import ALGORITHMS
from trainer.config.spaces import Spaces, spaces_from_data
from trainer.envs import catalogue
from trainer.envs.catalogue import EnvironmentEntry
from trainer.envs.custom.source import source_of
from trainer.envs.needs import versions
from trainer.envs.worker import BUSY, Worker, place
from trainer.errors import ConfigError, ConflictError, NotFoundError
from trainer.whole_files import read_json, write_atomically

_log = logging.getLogger(__name__)

LOOK_SECONDS = 40.0  # for one environment
AT_MOST = 40.0  # for a question, after which no other environment is begun
MOST_AT_ONCE = 60  # ids in one question

Seen = dict[str, Any]


class Gallery:
    """Answers about single environments, remembered in a folder.

    :param folder: takes one small file for each environment that was looked at, and its picture
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._asking: dict[str, threading.Lock] = {}
        self._memory: dict[str, Seen] = {}
        self._looked_at: dict[str, float] = {}

    def known_spaces(self, environment_ids: Sequence[str]) -> dict[str, Seen]:
        """Return what is known already of these ids; the others are left out."""
        found = {each: self._remembered(each) for each in environment_ids[:MOST_AT_ONCE]}
        return {each: seen for each, seen in found.items() if seen is not None}

    def spaces(self, environment_ids: Sequence[str]) -> dict[str, Seen]:
        """Return the spaces of these ids; of those that cannot be made, why.

        :param environment_ids: at most 60; unknown ones and such as cannot run here are left out, and so are those for
            which there was no time
        :raises ConflictError: too many others are waiting
        """
        known = self.known_spaces(environment_ids)
        possible = {entry.id for entry in catalogue.entries() if entry.available}
        wanted = [each for each in environment_ids[:MOST_AT_ONCE] if each not in known and each in possible]
        if wanted:
            with place():
                self._look(wanted, picture=False)
            known |= self.known_spaces(wanted)
        return known

    def seen(self, environment_id: str, *, again: bool = False) -> Seen:
        """Return everything about one id, with a picture where it draws itself.

        :param again: look once more where something went wrong, unless somebody has done so since this was asked
        :raises NotFoundError: there is no such environment
        :raises ConflictError: too many others are waiting
        """
        asked_at = time.monotonic()
        entry = _entry(environment_id)
        if entry.missing is not None:
            return {}
        if (seen := self._settled(environment_id, asked_at if again else None)) is not None:
            return seen
        with self._lock:
            turn = self._asking.setdefault(environment_id, threading.Lock())
        with place():
            if not turn.acquire(timeout=2 * LOOK_SECONDS):
                raise ConflictError(BUSY)
            try:
                seen = self._settled(environment_id, asked_at if again else None)
                if seen is None:
                    self._look([environment_id], picture=True)
                    self._looked_at[_key(environment_id)] = time.monotonic()
                    seen = self._remembered(environment_id) or {}
                return seen
            finally:
                turn.release()

    def _settled(self, environment_id: str, asked_again_at: float | None) -> Seen | None:
        """Return what a look with a picture has found, or None where there is something to look for."""
        seen = self._remembered(environment_id)
        if seen is None or not ({"picture_file", "no_picture", "problem"} & set(seen)):
            return None
        wrong = bool({"no_picture", "problem"} & set(seen))
        looked_at = self._looked_at.get(_key(environment_id), float("-inf"))
        return None if asked_again_at is not None and wrong and looked_at < asked_again_at else seen

    def picture(self, environment_id: str) -> Path:
        """Return the file of an environment's picture.

        :raises NotFoundError: nobody has looked at it yet, or it has none
        """
        path = self._folder / f"{_key(environment_id)}.png"
        if not path.is_file():
            raise NotFoundError(f"There is no picture of {environment_id} yet.")
        return path

    # ---- finding out ---------------------------------------------------------------------------------------

    def _look(self, environment_ids: Sequence[str], *, picture: bool) -> None:
        sources = {each: source.as_json() for each in environment_ids if (source := source_of(each)) is not None}
        job = {"job": "look", "ids": list(environment_ids), "picture": picture, "sources": sources, "at_most": AT_MOST}
        worker = Worker(job, LOOK_SECONDS)
        answered: set[str] = set()
        ended = False

        def take(answer: dict[str, Any]) -> None:
            nonlocal ended
            ended = answer.get("ended", False)
            if not ended:
                answered.add(answer["id"])
                self._keep(answer.pop("id"), answer, with_picture=picture)

        said = worker.answers(take)
        # It answers in order, each in a time of its own: the first that is missing is the one that it has not survived.
        left = [each for each in environment_ids if each not in answered]
        if left and not ended:
            last = said.strip().rpartition("\n")[2]
            why = f"It takes longer than {LOOK_SECONDS:g} s." if worker.overdue else f"It ends the process. {last}"
            self._keep(left[0], {"problem": why.strip()}, with_picture=picture)

    def _keep(self, environment_id: str, seen: Seen, *, with_picture: bool) -> None:
        key = _key(environment_id)
        picture = seen.pop("picture", None)
        if picture is not None and self._written(f"{key}.png", base64.b64decode(picture)):
            seen["picture_file"] = key
        with self._lock:
            seen = self._memory[key] = seen if with_picture else _added(self._memory.get(key, {}), seen)
            if not {"no_picture", "problem"} & set(seen):  # what may be mended meanwhile is not kept for ever
                self._written(f"{key}.json", json.dumps(seen) + "\n")

    def _written(self, name: str, content: str | bytes) -> bool:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._folder / name, content)
        except OSError as error:
            _log.warning("What an environment looks like cannot be kept: %s", error)
            return False
        return True

    def _remembered(self, environment_id: str) -> Seen | None:
        key = _key(environment_id)
        if key not in self._memory:
            try:
                self._memory[key] = read_json(self._folder / f"{key}.json")
            except (OSError, ValueError):
                return None
        seen = self._memory[key]
        lost = "picture_file" in seen and not (self._folder / f"{key}.png").is_file()
        return None if lost else seen


def algorithms_for(spaces: Spaces | None) -> dict[str, bool]:
    """Return for every algorithm whether it can act in an environment with these spaces."""
    if spaces is None:
        return {}
    readable = spaces.observation_kind != "other" or spaces.suggested_wrapper is not None
    return {name: readable and spaces.action_kind in config.action_kinds for name, config in ALGORITHMS.items()}


def spaces_from(seen: Mapping[str, Any]) -> Spaces | None:
    """Return the spaces that an answer tells of, or None where it tells of none."""
    told = seen.get("spaces")
    return spaces_from_data(told) if isinstance(told, dict) else None


def _added(known: Mapping[str, Any], seen: Mapping[str, Any]) -> Seen:
    """Return what is known with an answer without a picture: somebody may have looked with one meanwhile."""
    if "problem" in seen:
        return dict(known or seen)
    return {**{name: value for name, value in known.items() if name != "problem"}, **seen}


def _entry(environment_id: str) -> EnvironmentEntry:
    try:
        return catalogue.find(environment_id)
    except ConfigError as error:
        fault = error.faults[0]
        raise NotFoundError(" ".join(filter(None, (fault.message, fault.hint)))) from error


def _key(environment_id: str) -> str:
    """Return a file name for an id as it is registered now: another version of what makes it is another one."""
    source = source_of(environment_id)
    made_by = list(source.files) if source is not None else list(versions().items())
    return hashlib.sha256(json.dumps([environment_id, __version__, made_by]).encode()).hexdigest()[:32]
