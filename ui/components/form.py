"""The training form as data: which fields there are, what they hold, and what a filled-in form amounts to.

Everything said about a field comes from `trainer.config.field_specs()`; here is only where on the page it stands.
The form is one element whose fields are drawn in the browser (assets/form.js) rather than one Gradio component a
field: with 180 components every event of the page, whosever it was, was measured to cost 120 to 240 ms, against
10 to 20 ms now, and switching the algorithm would have been a round trip.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from trainer.config import ALGORITHMS, FieldSpec, FormResult, RunConfig, field_specs, read_form, section_title, to_form
from ui.components.wrapper_editor import describe_wrappers, wrapper_keywords

# Sections that most people change stand open; the order is Kohya's.
_SECTIONS = {
    "environment": True,
    "algorithm": True,
    "policy": False,
    "training": True,
    "evaluation": False,
    "checkpoints": False,
    "video": False,
    "tracking": False,
    "resources": False,
    "run": False,
}
_SPECIAL_CONTROLS = {"environment.id": "environment", "algorithm.name": "algorithm"}


@cache
def describe_form() -> dict[str, Any]:
    """Return everything the browser needs to draw the form.

    :return: `algorithms` (name, title), `sections` (name, title, open) in page order, `fields` with their widget
        values under `initial`, `wrappers` for their list editor, and a `digest` that changes with any of it
    """
    initial = to_form(RunConfig())
    known = {spec.section for spec in field_specs()}
    names = [*(name for name in _SECTIONS if name in known), *sorted(known - set(_SECTIONS))]
    form: dict[str, Any] = {
        "algorithms": [
            {"name": name, "label": config.label, "title": config.title} for name, config in ALGORITHMS.items()
        ],
        "sections": [
            {"name": name, "title": section_title(name), "open": _SECTIONS.get(name, False)} for name in names
        ],
        "fields": [_describe(spec, initial[spec.key]) for spec in field_specs()],
        "wrappers": describe_wrappers(),
    }
    form["digest"] = hashlib.sha256(json.dumps(form, sort_keys=True).encode()).hexdigest()[:12]
    return form


@cache
def describe_live_fields() -> list[dict[str, Any]]:
    """Return the settings that may change while a run lives, each under a title that stands alone."""
    specs = [spec for spec in field_specs() if spec.live]
    return [{**_describe(spec, None), "title": _whole_title(spec)} for spec in specs]


def filled_form(config: RunConfig, preset: str | None) -> dict[str, Any]:
    """Return the form filled in with a configuration: what `form.js` loads."""
    return {"preset": preset, "values": to_form(config)}


def read_filled(filled: Mapping[str, Any]) -> FormResult:
    """Read what the browser sends: every unreadable text and refused value at once, or the configuration."""
    values = filled.get("values")
    return read_form(values if isinstance(values, Mapping) else {})


def _whole_title(spec: FieldSpec) -> str:
    """Return "Evaluation every" for what stands as "Every" under the heading Evaluation."""
    return spec.title if spec.algorithm else f"{section_title(spec.section)} {spec.title.lower()}"


def _describe(spec: FieldSpec, initial: Any) -> dict[str, Any]:
    return {
        "key": spec.key,
        "path": spec.path,
        "control": _SPECIAL_CONTROLS.get(spec.path, spec.kind),
        "kind": spec.kind,
        "section": spec.section,
        "group": spec.group,
        "title": spec.title,
        "help": spec.help,
        "source": spec.source,
        "unit": spec.unit,
        "advanced": spec.advanced,
        "nullable": spec.nullable,
        "required": spec.required,
        "none_label": spec.none_label,
        "example": spec.example,
        "keywords": wrapper_keywords() if spec.kind == "wrappers" else "",
        "choices": list(spec.choices),
        "initial": initial,
        "minimum": spec.minimum,
        "maximum": spec.maximum,
        "exclusive_minimum": spec.exclusive_minimum,
        "exclusive_maximum": spec.exclusive_maximum,
        "algorithm": spec.algorithm,
        "algorithms": list(spec.only_algorithms),
        "when": _condition(spec),
    }


def _condition(spec: FieldSpec) -> dict[str, Any] | None:
    """Return on which value of which other field this one hangs."""
    if spec.only_when is None:
        return None
    path, values = spec.only_when
    return {"key": f"{spec.algorithm}:{path}" if spec.algorithm else path, "values": list(values)}
