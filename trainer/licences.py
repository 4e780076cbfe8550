"""The packages that this program stands on: name, version, licence, homepage, and their own licence texts.

Nothing here is a list by hand. The requirements of `requirements.txt`, and theirs, as far as they are installed, are
read from what each package says of itself; texts are read from the files that it was installed with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from trainer.errors import NotFoundError, nearest
from trainer.paths import PROJECT_ROOT

LONGEST_TEXT = 400_000
"""Characters of a licence text; some packages bundle those of a hundred others."""

OWN_LICENCE = PROJECT_ROOT / "LICENSE"
_REQUIREMENTS = PROJECT_ROOT / "requirements.txt"
_LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice|authors|third.?party)", re.IGNORECASE)
_TEXT_SUFFIXES = frozenset({"", ".txt", ".md", ".rst", ".apache", ".bsd", ".mit"})
_HOMEPAGES = ("homepage", "home", "home page", "source", "source code", "repository", "documentation")
_LONGEST_NAME = 60  # characters; what is longer in `License` is the licence itself


@dataclass(frozen=True)
class Package:
    """An installed package.

    :param licence: as the package names it, or an empty text where it does not
    :param direct: whether this program itself asks for it, rather than another package
    """

    name: str
    version: str
    licence: str
    homepage: str
    direct: bool


@cache
def packages() -> tuple[Package, ...]:
    """Return every installed package that this program depends on, by name."""
    direct = {canonicalize_name(wanted.name) for wanted in _wanted()}
    found = (_describe(distribution, direct) for distribution in _distributions().values())
    return tuple(sorted(found, key=lambda package: package.name.lower()))


def licence_text(name: str) -> str:
    """Return the licence texts that a package was installed with, each under the name of its file.

    :raises NotFoundError: it is none of `packages()`
    """
    distribution = _distributions().get(canonicalize_name(name))
    if distribution is None:
        near = nearest(name, [package.name for package in packages()])
        raise NotFoundError(
            f"No package {name!r} belongs to this program." + (f" The nearest is {near}." if near else "")
        )
    parts = [f"{path.name}\n\n{text}" for path in _licence_files(distribution) if (text := _read(path))]
    if parts:
        return "\n\n".join(dict.fromkeys(parts))[:LONGEST_TEXT]
    stated = (_stated(distribution, "License") or _licence(distribution)).strip()
    missing = "This package was installed without a licence text; its homepage has it."
    return stated if len(stated) > _LONGEST_NAME else f"{stated}\n\n{missing}".strip()


def own_licence() -> str:
    """Return the licence of this program."""
    return _read(OWN_LICENCE) or "MIT"


@cache
def _distributions() -> dict[str, metadata.Distribution]:
    """Return what is installed of the requirements and of theirs, by canonical name."""
    found: dict[str, metadata.Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = _wanted()
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            distribution = found.setdefault(name, metadata.distribution(wanted.name))
        except metadata.PackageNotFoundError:
            continue  # not for this system, or left out by the user
        waiting += _parse(distribution.requires or [], extras)
    return found


def _wanted() -> list[Requirement]:
    try:
        lines = _REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return [Requirement(distribution.name) for distribution in metadata.distributions()]
    return _parse([line.partition("#")[0].strip() for line in lines], frozenset())


def _parse(lines: Iterable[str], extras: frozenset[str]) -> list[Requirement]:
    """Return those of these requirements that hold on this system, with these extras asked for."""
    wanted = []
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in (*extras, "")):
            wanted.append(requirement)
    return wanted


def _describe(distribution: metadata.Distribution, direct: AbstractSet[str]) -> Package:
    name = distribution.metadata["Name"]
    return Package(
        name=name,
        version=distribution.version,
        licence=_licence(distribution),
        homepage=_homepage(distribution),
        direct=canonicalize_name(name) in direct,
    )


def _licence(distribution: metadata.Distribution) -> str:
    """Return how a package names its licence: its expression, or in the older ways."""
    stated = _stated(distribution, "License-Expression") or _stated(distribution, "License")
    line = stated.strip().partition("\n")[0].strip()
    if line and len(line) <= _LONGEST_NAME and line.upper() != "UNKNOWN":
        return line
    classified = [
        entry for entry in distribution.metadata.get_all("Classifier") or [] if entry.startswith("License ::")
    ]
    names = [entry.rpartition(" :: ")[2] for entry in classified]
    return ", ".join(name for name in names if name != "OSI Approved") or line[:_LONGEST_NAME]


def _stated(distribution: metadata.Distribution, field: str) -> str:
    return str(next(iter(distribution.metadata.get_all(field) or [""])))


def _homepage(distribution: metadata.Distribution) -> str:
    """Return a package's address; only https and http, whatever it says."""
    given = {}
    for entry in distribution.metadata.get_all("Project-URL") or []:
        label, _, address = entry.partition(",")
        given[label.strip().lower()] = address.strip()
    found = [given[label] for label in _HOMEPAGES if label in given]
    candidates = [_stated(distribution, "Home-page"), *found, *given.values()]
    return next((address for address in candidates if address.startswith(("https://", "http://"))), "")


def _licence_files(distribution: metadata.Distribution) -> list[Path]:
    """Return the licence files that a package's own record names, those of its metadata only."""
    files = []
    for entry in distribution.files or []:
        within = any(part.endswith((".dist-info", ".egg-info")) for part in entry.parts)
        named = _LICENCE_FILE.search(entry.name) or "licenses" in entry.parts
        if within and ".." not in entry.parts and named and Path(entry.name).suffix.lower() in _TEXT_SUFFIXES:
            files.append(Path(str(distribution.locate_file(entry))))
    return sorted(files)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
