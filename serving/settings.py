"""What the command line, the settings file and the environment say together about one start of the program.

A flag wins over the environment, the environment over the file, the file over the defaults. Whoever opens the
program to others must give a login: `Settings` cannot be made otherwise.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any

from trainer.errors import PalaestraError, nearest
from trainer.paths import ENVIRONMENTS, OUTPUTS, USER_PRESETS
from ui.catalogue import find_language

ENVIRONMENT = {
    "username": "PALAESTRA_USERNAME",
    "password": "PALAESTRA_PASSWORD",
    "api_token": "PALAESTRA_API_TOKEN",
}


class SettingsError(PalaestraError):
    """The flags contradict each other or are not safe together."""

    code = "settings"


@dataclass(frozen=True)
class Settings:
    """One start of the program. Field names are the flags' names."""

    listen: str = "127.0.0.1"
    server_port: int = 7860
    share: bool = False
    inbrowser: bool = False
    headless: bool = False
    username: str | None = None
    password: str | None = None
    api_token: str | None = None
    root_path: str = ""
    theme: str = "system"
    language: str | None = None
    outputs: Path = OUTPUTS
    presets: Path = USER_PRESETS
    environments: Path = ENVIRONMENTS
    database: str | None = None
    max_running: int = 4
    auto_resume: bool = False
    debug: bool = False

    def __post_init__(self) -> None:
        if (self.username is None) != (self.password is None):
            raise SettingsError("--username and --password go together: give both or neither.")
        if self.username is not None and not (self.username and self.password):
            raise SettingsError("--username and --password must not be empty.")
        if self.public and self.username is None:
            what = "--share" if self.share else f"--listen {self.listen}"
            raise SettingsError(
                f"{what} lets others reach this program, and it can run code and read files here: give --username "
                "and --password too (or PALAESTRA_USERNAME and PALAESTRA_PASSWORD)."
            )
        if not 0 <= self.server_port <= 65535:
            raise SettingsError(f"--server-port must be from 0 to 65535, not {self.server_port}.")
        if self.max_running < 1:
            raise SettingsError(f"--max-running must be 1 or more, not {self.max_running}.")
        if self.language is not None:
            object.__setattr__(self, "language", _language(self.language))

    @property
    def public(self) -> bool:
        """True when others than this machine's users can reach the page."""
        return self.share or not _is_loopback(self.listen)

    @classmethod
    def from_sources(
        cls, flags: Mapping[str, Any], file: Mapping[str, Any], environment: Mapping[str, str]
    ) -> Settings:
        """Put the sources together, by their rank.

        :raises SettingsError: a key is unknown or the whole is not safe
        """
        known = {field.name: field for field in fields(cls)}
        for key in file:
            if key not in known:
                hint = nearest(key, known)
                raise SettingsError(f"The settings file has an unknown key {key!r}" + (f"; {hint}?" if hint else "."))
        named = {key: environment[variable] for key, variable in ENVIRONMENT.items() if environment.get(variable)}
        values = {**file, **named, **flags}
        for key, value in values.items():
            wanted = _kind(known[key])
            # Exactly: a bool is an int to Python, and `server_port = true` is a slip.
            if type(value) is not wanted and not (wanted is str and isinstance(value, Path)):
                raise SettingsError(f"{key} must be {_KIND_WORDS[wanted]}, not {value!r}.")
        values |= {key: Path(values[key]) for key in ("outputs", "presets", "environments") if key in values}
        return cls(**values)


_KIND_WORDS = {bool: "true or false", int: "a whole number", str: "a text"}


def _kind(field: Field[Any]) -> type:
    """Return what a source gives for a field: fields without a default take texts, and paths come as texts."""
    return type(field.default) if isinstance(field.default, (bool, int)) else str


def read_settings_file(path: Path | None) -> dict[str, Any]:
    """Return the keys of a TOML settings file, with `-` in names read as `_`; nothing when there is no file.

    :raises SettingsError: the file cannot be read or is not TOML
    """
    if path is None:
        return {}
    try:
        import tomllib as toml
    except ImportError:  # Python 3.10
        import tomli as toml
    try:
        data = toml.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"The settings file {path} cannot be used: {error}.") from error
    return {key.replace("-", "_"): value for key, value in data.items()}


def _language(wanted: str) -> str:
    try:
        return find_language(wanted)
    except PalaestraError as error:
        raise SettingsError(f"--language: {error}") from error


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
