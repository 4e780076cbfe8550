"""docs/wrappers.md, made from the declarations: `python -m trainer.config.wrappers.reference` writes it anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from trainer.config.specs import FieldSpec, argument_specs
from trainer.config.wrappers import FIELDS_INSTEAD, GROUPS, KNOWN_WRAPPERS, KnownWrapper

FILE = Path(__file__).parents[3] / "docs" / "wrappers.md"

_HEAD = """# Wrappers

What stands between each copy of an environment and the agent. The first of `environment.wrappers` is the innermost;
each one sees what the one before it gives. Returns that are shown, compared and used to choose the best policy are
always the environment's own, whatever a wrapper makes of rewards.

```json
{"wrappers": [{"name": "frame_skip", "kwargs": {"skip": 2}}, {"entry_point": "package.module:Class", "kwargs": {}}]}
```

Those below are known by name: their arguments are checked one by one, and whether they fit where they stand is found
out before a run starts. Any other subclass of `gymnasium.Wrapper` goes by `entry_point`.

Chance within a wrapper comes from a generator of its own, seeded with the run; checkpoints keep it with all else that
a wrapper remembers, so a run goes on to the last bit wherever the environment itself can be put back. Evaluations and
videos have the same wrappers. Copies in wrappers are stepped one by one: what a field does as well (an episode limit, a
frame stack, normalisation) is better set there. Atari games are prepared without any wrapper; their options are
arguments of the environment.
"""


def reference() -> str:
    """Return the text of the page."""
    return "\n".join([_HEAD, *(line for group in GROUPS for line in _group(group))]).rstrip() + "\n"


def _group(group: str) -> Iterator[str]:
    yield f"## {group}\n"
    for name, known in KNOWN_WRAPPERS.items():
        if known.group == group:
            yield from _wrapper(name, known)
    for instead in FIELDS_INSTEAD.values():
        if instead.group == group:
            yield f"### {instead.title}\n\n{instead.about} Set `{instead.field}`.\n"


def _wrapper(name: str, known: type[KnownWrapper]) -> Iterator[str]:
    yield f"### {known.title}: `{name}`\n\n{known.about}\n"
    specs = argument_specs(known)
    if specs:
        yield "| argument | default | allowed | what it is |\n|---|---|---|---|"
        for spec in specs:
            yield f"| `{spec.path}` | {_default(spec)} | {_bounds(spec)} | {spec.help} |"
        yield ""
    yield f"{known.source}\n"


def _default(spec: FieldSpec) -> str:
    return f"empty: {spec.none_label}" if spec.default is None else f"`{json.dumps(spec.default)}`"


def _bounds(spec: FieldSpec) -> str:
    lower = "" if spec.minimum is None else f"{'above' if spec.exclusive_minimum else 'from'} {spec.minimum:g}"
    most = spec.told_maximum
    upper = "" if most is None else f"{'below' if spec.exclusive_maximum else 'to'} {most:g}"
    return f"{lower} {upper}".strip()


if __name__ == "__main__":
    FILE.write_text(reference(), encoding="utf-8", newline="\n")
