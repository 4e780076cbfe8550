"""One file of environments that was enabled, and how it comes into a process: the server, a run's own, a worker.

What always holds:
- what runs is what was enabled: the text that is executed is the one whose digest is compared, read once;
- of the folder only files that were enabled are imported, also by one another;
- a file never stands in for a module that Python has already, nor its ids for ids that others have registered.

Gymnasium's registry belongs to the process, and so does what is kept here: which ids came from which file.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from trainer.envs.registry import making, registry
from trainer.errors import ConfigError, Fault, PalaestraError
from trainer.paths import PROJECT_ROOT

if TYPE_CHECKING:
    from gymnasium.envs.registration import EnvSpec


@dataclass(frozen=True)
class Source:
    """A file of environments with all that it imports from beside it.

    :param folder: holds the files
    :param name: of the file, without `.py`; also that of its module
    :param files: file name and SHA-256 of the file and of every other one that it imports from the folder
    """

    folder: Path
    name: str
    files: tuple[tuple[str, str], ...]

    @property
    def path(self) -> Path:
        """The file itself."""
        return self.folder / f"{self.name}.py"

    def as_json(self) -> dict[str, Any]:
        """Return it as data, for a process that is to take it in."""
        return {"folder": str(self.folder), "name": self.name, "files": [list(file) for file in self.files]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Source:
        """Return what `as_json` has written."""
        return cls(Path(data["folder"]), data["name"], tuple((name, digest) for name, digest in data["files"]))

    def changed(self) -> list[str]:
        """Return the names of those files that are no longer what they were, or are gone."""
        return [name for name, known in self.files if digest_of(self.folder / name) != known]


class BrokenFileError(PalaestraError):
    """A file of environments that cannot be used; says where in it."""

    code = "broken_environment"

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


_taken: dict[str, tuple[Source, tuple[str, ...]]] = {}  # name -> the source and its ids
_generation = 0
_guarded: set[Path] = {PROJECT_ROOT / "environments"}


def digest_of(path: Path) -> str | None:
    """Return the SHA-256 of a file in hexadecimal, None where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def generation() -> int:
    """Return a number that changes whenever what is registered from such files does."""
    return _generation


def source_of(environment_id: str) -> Source | None:
    """Return the file that registered an id in this process, or None."""
    return next((source for source, ids in _taken.values() if environment_id in ids), None)


def source_named(module: str) -> Source | None:
    """Return the file that was taken into this process under that module's name, or None."""
    return _taken[module][0] if module in _taken else None


def ids_of(name: str) -> tuple[str, ...]:
    """Return the ids that the file of that name has registered in this process."""
    return _taken[name][1] if name in _taken else ()


def guard(folder: Path) -> None:
    """Have nothing in a folder be imported but what was enabled, by whatever name it is asked for."""
    _guarded.add(folder)


def guarded_folders() -> tuple[Path, ...]:
    """Return the folders whose files run only once they are enabled."""
    return tuple(_guarded)


def is_enabled_text(spec: ModuleSpec) -> bool:
    """Say whether a module is loaded from a file as it was enabled."""
    return isinstance(spec.loader, _Loader)


def take_in(source: Source) -> tuple[str, ...]:
    """Import a file here and return the ids that it registers; once more is once.

    :raises BrokenFileError: it cannot be imported, has changed, registers nothing, or takes others' names
    """
    with making:
        if source.name in _taken and _taken[source.name][0] == source:
            return _taken[source.name][1]
        guard(source.folder)
        drop(source.name)
        require_own_name(source.name)
        before = registry()
        sys.meta_path.append(_Folder(source))
        try:
            _execute(source)
            ids = _fresh(before)
        except BaseException:
            _restore(before, source)
            raise
        _keep(source, ids)
        return ids


def take_in_for(environment_id: str, sources: Iterable[Source]) -> None:
    """Bring what a configuration needs into a process that was started for it.

    :raises ConfigError: a file is not as it was when it was enabled, or cannot be imported here
    """
    try:
        for source in sources:
            take_in(source)
    except BrokenFileError as error:
        hint = "Look at it on the Environments page."
        raise ConfigError([Fault("environment.id", f"{environment_id}: {error.message}", hint)]) from error


def drop(name: str) -> None:
    """Take a file's ids out of the registry; environments that are made already live on."""
    import gymnasium as gym

    with making:
        source, ids = _taken.pop(name, (None, ()))
        for environment_id in ids:
            gym.registry.pop(environment_id, None)
        if source is not None:
            _forget_modules(source)
            _changed()


def require_own_name(name: str) -> None:
    """Refuse a file whose module would be mistaken for another one.

    :raises BrokenFileError: Python has a module of that name, or it cannot be one
    """
    if not name.isidentifier():
        raise BrokenFileError(
            f"{name}.py cannot be imported: use letters, digits and _ in its name, as for a variable."
        )
    finders = [finder for finder in sys.meta_path if isinstance(finder, _Folder)]
    for finder in finders:
        sys.meta_path.remove(finder)
    try:
        taken = name in sys.modules or find_spec(name) is not None
    except ValueError:
        taken = True
    finally:
        sys.meta_path.extend(finders)
    if taken:
        raise BrokenFileError(f"Python has a module called {name} already: give the file another name.")


def line_in(path: Path, error: BaseException) -> int | None:
    """Return the line of a file where an error came from, or None where it has no part in it."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return frames[-1].lineno if frames else None


def _execute(source: Source) -> None:
    changed = source.changed()
    if changed:
        raise BrokenFileError(f"{', '.join(changed)} in {source.folder} has changed since it was enabled.")
    try:
        importlib.import_module(source.name)
    except (Exception, SystemExit) as error:
        line = line_in(source.path, error)
        where = f"{source.path.name}, line {line}: " if line else f"{source.path.name}: "
        said = error.msg if isinstance(error, SyntaxError) else error
        raise BrokenFileError(f"{where}{type(error).__name__}: {said}", line) from error


def _fresh(before: dict[str, EnvSpec]) -> tuple[str, ...]:
    after = registry()
    ids = tuple(key for key, spec in after.items() if before.get(key) is not spec)
    replaced = [key for key in ids if key in before]
    if replaced:
        raise BrokenFileError(f"It registers {', '.join(replaced)}, which exists already: choose an id of your own.")
    if not ids:
        raise BrokenFileError("It registers no environment: call gymnasium.register(id=..., entry_point=...) in it.")
    return ids


def _restore(before: dict[str, EnvSpec], source: Source) -> None:
    import gymnasium as gym

    for key in set(gym.registry) - set(before):
        del gym.registry[key]
    gym.registry.update(before)
    _forget_modules(source)


def _keep(source: Source, ids: Sequence[str]) -> None:
    _taken[source.name] = (source, tuple(ids))
    _changed()


def _changed() -> None:
    global _generation
    _generation += 1


def _forget_modules(source: Source) -> None:
    # What two files share stays while the other one has it.
    kept = {name for other, _ in _taken.values() for name, _ in other.files if other.folder == source.folder}
    for file_name, _ in source.files:
        module = sys.modules.get(file_name.removesuffix(".py"))
        if file_name not in kept and _is_from(module, source.folder):
            del sys.modules[file_name.removesuffix(".py")]
    for finder in [each for each in sys.meta_path if isinstance(each, _Folder) and each.source == source]:
        sys.meta_path.remove(finder)


def _is_from(module: ModuleType | None, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).parent == folder


class _Folder(MetaPathFinder):
    """Finds the files of one source, after all that Python finds elsewhere."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._files = dict(source.files)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load a module of the folder."""
        del target
        file_name = f"{fullname}.py"
        if path is not None or file_name not in self._files:
            return None
        return spec_from_loader(fullname, _Loader(self.source.folder / file_name, self._files[file_name]))


class _Loader(SourceLoader):
    """Runs a file's text if it is the one that was enabled; leaves no compiled copy beside it."""

    def __init__(self, path: Path, digest: str) -> None:
        self._path = path
        self._digest = digest

    def get_filename(self, fullname: str) -> str:
        """Return the file's path."""
        del fullname
        return str(self._path)

    def get_data(self, path: str) -> bytes:
        """Return the file's text.

        :raises ImportError: it is not the one that was enabled
        """
        data = Path(path).read_bytes()
        if hashlib.sha256(data).hexdigest() != self._digest:
            raise ImportError(f"{self._path.name} has changed since it was enabled")
        return data
