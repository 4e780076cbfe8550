"""Presets: configurations in JSON files, shipped ones and one's own.

A file is `{"schema_version": 1, "about": {"title", "description", "source"}, "config": {…}}`; `config` may be
sparse. Shipped presets are never written to. A save is whole or not there: it goes to a temporary file, is flushed
and renamed, so that what was saved before survives a full disk or a crash.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.config.fields import Section
from trainer.config.hints import did_you_mean
from trainer.config.loading import load_config, load_section
from trainer.config.migrations import VERSION_KEY, migrate
from trainer.config.run import SCHEMA_VERSION, RunConfig
from trainer.config.strict_json import parse_json
from trainer.config.tree import fields_of
from trainer.errors import ConfigError, ConflictError, Fault, NotFoundError, PalaestraError, UnsafePathError, nearest
from trainer.paths import confined, safe_name
from trainer.whole_files import write_atomically

MAX_BYTES = 1_000_000
DEFAULTS = "defaults"  # where the name of a preset may stand: one's own defaults, so that no preset is called so

_SUFFIX = ".json"
_KEYS = (VERSION_KEY, "about", "config")
_DEFAULT = RunConfig()
_WINDOWS_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}


class Score(Section):
    """A return that was published for a preset's values; one run, so a hint and no benchmark.

    `steps` it was trained for, `episodes` it was then measured over, in `environment`, which may be an older version.
    """

    mean: float
    std: float
    episodes: int
    steps: int
    environment: str
    source: str = ""


class About(Section):
    """What a preset says of itself."""

    title: str = ""
    description: str = ""
    source: str = ""
    score: Score | None = None

    def to_data(self) -> dict[str, Any]:
        """Return it as a file holds it: without a score where there is none."""
        return self.model_dump(mode="json", exclude_none=True)


@dataclass(frozen=True)
class Preset:
    """A preset, read and checked. `name` is empty for one that has no file yet."""

    name: str
    about: About
    config: RunConfig


@dataclass(frozen=True)
class PresetInfo:
    """A line in the list of presets; `problem` says why a damaged file cannot be used, `score` is a Score."""

    name: str
    title: str
    description: str
    source: str
    built_in: bool
    algorithm: str
    environment: str
    problem: str | None = None
    score: dict[str, Any] | None = None


class PresetStore:
    """The presets of two folders: `built_in`, only read, and `user`, made at the first save."""

    def __init__(self, built_in: Path, user: Path) -> None:
        self._built_in = built_in
        self._user = user
        self._infos: dict[Path, tuple[tuple[int, int], PresetInfo]] = {}

    def list(self) -> list[PresetInfo]:
        """Return every preset by name; a file is read again only when it has changed."""
        infos: dict[str, PresetInfo] = {}
        for folder, built_in in ((self._user, False), (self._built_in, True)):
            found = (self._info(path, built_in) for path in _files(folder))
            infos |= {info.name.casefold(): info for info in found if info is not None}
        return [infos[name] for name in sorted(infos)]

    def load(self, name: str) -> Preset:
        """Read a preset.

        :raises NotFoundError: there is none of that name
        :raises UnsafePathError: the name cannot be a file's
        :raises ConfigError: the file is damaged, or its configuration wrong
        """
        path = self._existing(name)
        try:
            text = _read(path)
        except FileNotFoundError as error:  # deleted since we looked
            raise self._not_found(name) from error
        return parse_preset(parse_json(text, f"Preset {name}"), path.stem)

    def parse(self, text: str, name: str = "") -> Preset:
        """Read a preset from text, as an upload brings it; a bare configuration (a run's config.json) will do too.

        :raises ConfigError: it is too long, not whole JSON, or its configuration is wrong
        """
        if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
            raise _too_large()
        return parse_preset(parse_json(text, "The preset"), name)

    def save(self, name: str, config: RunConfig, about: About | Mapping[str, Any] | None = None) -> Preset:
        """Write a preset of one's own, replacing an older one of that name.

        :param about: None keeps what the older one said of itself
        :raises ConflictError: it is a shipped preset's, one's own has it in other letters, or it means the defaults
        :raises UnsafePathError: the name cannot be a file's
        :raises OSError: it could not be written; an older one is untouched
        """
        path = self._path(self._user, name)
        self._require_own_name(name)
        if about is None:
            about = self._old_about(path) or About(title=name)
        described = about if isinstance(about, About) else load_section(About, dict(about), "about")
        document = {VERSION_KEY: SCHEMA_VERSION, "about": described.to_data(), "config": config.to_data()}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        return Preset(path.stem, described, config)

    def delete(self, name: str) -> None:
        """Delete a preset of one's own.

        :raises ConflictError: it is a shipped one
        :raises NotFoundError: there is none of that name
        """
        path = self._path(self._user, name)
        if self._is_built_in(name):
            raise ConflictError(f"{name} is a built-in preset and cannot be deleted.")
        try:
            path.unlink()
        except FileNotFoundError as error:
            raise self._not_found(name) from error

    def _path(self, folder: Path, name: str) -> Path:
        return confined(folder, _checked(name) + _SUFFIX)

    def _existing(self, name: str) -> Path:
        for folder in (self._built_in, self._user):
            path = self._path(folder, name)
            if path.is_file():
                return path
        raise self._not_found(name)

    def _require_own_name(self, name: str) -> None:
        if self._is_built_in(name):
            raise ConflictError(f"{name} is a built-in preset and stays as it is. Save under another name.")
        if name.casefold() == DEFAULTS:
            raise ConflictError(f"{name} stands for your own defaults. Save under another name.")
        others = (path.stem for path in _files(self._user) if path.stem != name)
        same = next((other for other in others if other.casefold() == name.casefold()), None)
        if same is not None:
            raise ConflictError(f"There is a preset {same} already, which some disks take for {name}. Save as {same}.")

    def _is_built_in(self, name: str) -> bool:
        # Windows and macOS fold case: "PPO_CartPole" would be the same file there.
        return name.casefold() in {path.stem.casefold() for path in _files(self._built_in)}

    def _not_found(self, name: str) -> NotFoundError:
        known = [path.stem for folder in (self._built_in, self._user) for path in _files(folder)]
        hint = did_you_mean(nearest(name, known))
        return NotFoundError(f"There is no preset named {name}." + (f" {hint}" if hint else ""))

    def _old_about(self, path: Path) -> About | None:
        try:
            return parse_preset(parse_json(_read(path), path.stem)).about
        except (OSError, ConfigError):
            return None

    def _info(self, path: Path, built_in: bool) -> PresetInfo | None:
        try:
            _checked(path.stem)
            if path.is_symlink():
                self._path(path.parent, path.stem)
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            cached = self._infos.get(path)
            if cached is not None and cached[0] == stamp:
                return cached[1]
            info = _summary(path.stem, parse_json(_read(path), f"Preset {path.stem}"), built_in)
        except FileNotFoundError:  # deleted since the folder was read
            return None
        except (OSError, PalaestraError) as error:
            return PresetInfo(path.stem, path.stem, "", "", built_in, "", "", problem=str(error))
        self._infos[path] = (stamp, info)
        return info


def _checked(name: str) -> str:
    """Return a preset's name if it can be a file's on every system.

    :raises UnsafePathError: it cannot
    """
    safe_name(name, "preset name")
    if name.partition(".")[0].strip().upper() in _WINDOWS_DEVICES:
        raise UnsafePathError(f"{name!r} cannot be used as a preset name: Windows reserves it for a device.")
    return name


def _files(folder: Path) -> Iterator[Path]:
    return folder.glob(f"[!.]*{_SUFFIX}") if folder.is_dir() else iter(())


def _read(path: Path) -> str:
    if path.stat().st_size > MAX_BYTES:
        raise _too_large()
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError([Fault("", f"Preset {path.stem} is not text in UTF-8.")]) from error


def _too_large() -> ConfigError:
    return ConfigError([Fault("", f"A preset may have {MAX_BYTES:,} bytes at most.")])


def _split(document: Any) -> tuple[Any, dict[str, Any]]:
    """Return the `about` and the `config` part of a preset, the latter with its version.

    :raises ConfigError: it is neither a preset nor a configuration
    """
    if not isinstance(document, dict):
        raise ConfigError([Fault("", "A preset must be a JSON object with a config in it.")])
    if "config" not in document:
        if any(key in document for key in fields_of(RunConfig) if key != VERSION_KEY):
            return {}, document
        raise ConfigError([Fault("config", "is missing")])
    unknown = [key for key in document if key not in _KEYS]
    if unknown:
        raise ConfigError([Fault(key, "is not part of a preset", did_you_mean(nearest(key, _KEYS))) for key in unknown])
    config = document["config"]
    if not isinstance(config, dict):
        raise ConfigError([Fault("config", "must be a group of settings")])
    return document.get("about", {}), {VERSION_KEY: document.get(VERSION_KEY, SCHEMA_VERSION), **config}


def parse_preset(document: Any, name: str = "") -> Preset:
    """Return the preset that JSON data holds; a bare configuration will do too.

    :raises ConfigError: it is neither, or its configuration is wrong
    """
    about, config = _split(document)
    return Preset(name, load_section(About, about, "about"), load_config(config))


def _summary(name: str, document: Any, built_in: bool) -> PresetInfo:
    """Return what the list shows, without validating the configuration: hundreds of files take milliseconds."""
    about, config = _split(document)
    if config[VERSION_KEY] != SCHEMA_VERSION:
        config = migrate(config)
    said = about if isinstance(about, dict) else {}
    title, description, source = (str(said.get(key, "")) for key in ("title", "description", "source"))
    algorithm, environment = (_text_in(config, *place) for place in (("algorithm", "name"), ("environment", "id")))
    score = _score(said.get("score"))
    return PresetInfo(name, title or name, description, source, built_in, algorithm, environment, score=score)


def _score(data: Any) -> dict[str, Any] | None:
    try:
        return None if data is None else load_section(Score, data, "about.score").model_dump()
    except ConfigError:  # told when the preset is loaded
        return None


def _text_in(config: Mapping[str, Any], section: str, key: str) -> str:
    part = config.get(section)
    return str(part[key]) if isinstance(part, dict) and key in part else str(getattr(getattr(_DEFAULT, section), key))
