"""The languages of the page: a JSON file of keyed texts each, and what the server says in English in another.

`languages/<language>.json` maps a key to a text, or to its plural forms by CLDR category; `{names}` in it are filled
by the page. English is complete and what others fall back on. `languages/<language>.server.json` maps the English of
titles, help and reasons, which are declared once where the fields are, to the same in that language.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from trainer.errors import NotFoundError, nearest

LANGUAGES = Path(__file__).parent / "languages"
ENGLISH = "en"
_NAME_KEY = "language.name"


@cache
def languages() -> dict[str, str]:
    """Return every language by its tag (BCP 47) with its name in itself, English first."""
    tags = sorted(path.stem for path in LANGUAGES.glob("*.json") if "." not in path.stem)
    names = {tag: _name(tag) for tag in tags}
    return {ENGLISH: names.pop(ENGLISH), **names}


def find_language(wanted: str) -> str:
    """Return the tag of the language that `wanted` means: `es`, `es-MX` and `ES` all mean `es`.

    :raises NotFoundError: there is none
    """
    by_tag = {tag.lower(): tag for tag in languages()}
    by_primary = {tag.lower().split("-")[0]: tag for tag in languages()}
    lowered = wanted.lower().replace("_", "-")
    found = by_tag.get(lowered) or by_primary.get(lowered.split("-")[0])
    if found is None:
        near = nearest(wanted, languages())
        hint = f"; {near}?" if near else f": there are {', '.join(languages())}."
        raise NotFoundError(f"There is no language {wanted!r}{hint}")
    return found


def _name(tag: str) -> str:
    return str(json.loads((LANGUAGES / f"{tag}.json").read_text(encoding="utf-8"))[_NAME_KEY])
