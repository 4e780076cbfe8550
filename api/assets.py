"""The scripts and styles of the pages, from a folder of ours; nothing comes from a network.

Invariants:
- only files that were there when the server started are served, so no name from outside ever becomes a path;
- a file is read and compressed once, and again only after it changed;
- an address with the version of its content may be kept for good; any other is asked about each time.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response

from trainer.errors import NotFoundError, nearest

PREFIX = "/assets/"

# Not `mimetypes`: on Windows it believes the registry, where `.js` is often plain text.
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".ico": "image/x-icon",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
_COMPRESSED_ALREADY = frozenset({".png", ".jpg", ".ico", ".woff", ".woff2"})
_SMALLEST_COMPRESSED = 1024


@dataclass(frozen=True)
class _Loaded:
    """A file as it is sent; `stamp` tells whether it is still the file on disk."""

    stamp: tuple[int, int]
    plain: bytes
    compressed: bytes | None
    digest: str


class Assets:
    """The files under `/assets/` that are ours.

    :param folder: everything in it is served under its relative path
    :param beside: further folders, each by the name under which it is served
    """

    def __init__(self, folder: Path, beside: Mapping[str, Path] | None = None) -> None:
        self._files = _files_in(folder)
        for name, other in (beside or {}).items():
            self._files |= {f"{name}/{relative}": path for relative, path in _files_in(other).items()}
        self._loaded: dict[str, _Loaded] = {}
        self._lock = threading.Lock()

    def __contains__(self, name: object) -> bool:
        """Tell whether a file is served under this name."""
        return name in self._files

    @property
    def names(self) -> list[str]:
        """Names of all files, sorted."""
        return sorted(self._files)

    def answer(self, name: str, headers: Headers, version: str) -> Response:
        """Return a file, compressed for whoever takes gzip, or 304 for whoever has it.

        :param version: the first digits of the SHA-256 of the file's content, or empty
        :raises NotFoundError: there is no such file
        """
        loaded = self._load(name)
        etag = f'"{loaded.digest}"'
        # A page that is older than the file asks for what is no more: it gets the new one, but not for good.
        for_good = bool(version) and loaded.digest.startswith(version)
        caching = "private, max-age=31536000, immutable" if for_good else "no-cache"
        kept = {"ETag": etag, "Cache-Control": caching, "Vary": "Accept-Encoding"}
        if etag in headers.get("if-none-match", ""):
            return Response(status_code=304, headers=kept)
        kept["X-Content-Type-Options"] = "nosniff"
        media_type = _TYPES.get(Path(name).suffix.lower(), "application/octet-stream")
        if loaded.compressed is not None and "gzip" in headers.get("accept-encoding", ""):
            kept["Content-Encoding"] = "gzip"
            return Response(loaded.compressed, headers=kept, media_type=media_type)
        return Response(loaded.plain, headers=kept, media_type=media_type)

    def _load(self, name: str) -> _Loaded:
        path = self._files.get(name)
        try:
            if path is None:
                raise FileNotFoundError
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            with self._lock:
                loaded = self._loaded.get(name)
                if loaded is None or loaded.stamp != stamp:
                    loaded = self._loaded[name] = _read(path, stamp)
                return loaded
        except FileNotFoundError as error:
            near = nearest(name, self._files)
            hint = f" The nearest is {near}." if near else ""
            raise NotFoundError(f"There is no asset {name!r}.{hint}") from error


def _files_in(folder: Path) -> dict[str, Path]:
    root = folder.resolve()
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and path.resolve().is_relative_to(root))
    return {path.relative_to(root).as_posix(): path for path in files}


def _read(path: Path, stamp: tuple[int, int]) -> _Loaded:
    plain = path.read_bytes()
    compressed = None
    if path.suffix.lower() not in _COMPRESSED_ALREADY and len(plain) >= _SMALLEST_COMPRESSED:
        compressed = gzip.compress(plain, compresslevel=6, mtime=0)
    return _Loaded(stamp, plain, compressed, hashlib.sha256(plain).hexdigest())
