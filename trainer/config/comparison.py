"""Two configurations side by side: by which settings they differ, and a fingerprint that equal ones share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

LABELS = frozenset({"name", "tags", "notes"})  # what a run is called does not change how it trains
# Free-form dictionaries are one value each: a key taken away could not be said as an override of its own.
_WHOLE = ("kwargs", "_kwargs", "net_arch")


def config_hash(config: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hexadecimal, of a configuration without what it is called.

    :param config: complete JSON data; the order of its keys does not matter
    """
    trained = {key: value for key, value in config.items() if key not in LABELS}
    text = json.dumps(trained, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def changed(before: Mapping[str, Any], after: Mapping[str, Any], *, gone: bool = True) -> dict[str, tuple[Any, Any]]:
    """Return every setting that is not the same in both by its dotted path, with both values; None where one has none.

    :param before: complete JSON data of a configuration, as `after`
    :param gone: name also what only `before` has, such as the width of a noise that is none any more
    """
    return dict(_changed(before, after, "", gone))


def _changed(
    before: Mapping[str, Any], after: Mapping[str, Any], prefix: str, gone: bool
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for key in dict.fromkeys((*after, *before)) if gone else after:
        old, new = before.get(key), after.get(key)
        if isinstance(old, dict) and isinstance(new, dict) and not key.endswith(_WHOLE):
            yield from _changed(old, new, f"{prefix}{key}.", gone)
        elif (key in before) != (key in after) or not same(old, new):
            yield f"{prefix}{key}", (old, new)


def same(old: Any, new: Any) -> bool:
    """Return whether two JSON values are the same; 0 is not False, and 1 is not 1.0."""
    return type(old) is type(new) and bool(old == new)
