"""How a setting is declared: its default, its bounds and its explanation stand together, once.

Form, tooltip, flag, preset key, JSON Schema and check are all made from such a declaration. Every section is
frozen, refuses unknown keys and never guesses a type: the text `"8"` is not the number 8. The one leniency is a
float without a fraction for an integer, since JSON knows no difference and people write `1e6`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypedDict, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import Unpack

Kind = Literal[
    "int",
    "float",
    "bool",
    "optional_bool",
    "text",
    "multiline",
    "choice",
    "open_choice",
    "schedule",
    "number_or_auto",
    "tags",
    "duration",
    "json",
    "wrappers",
]


class Extras(TypedDict, total=False):
    """The optional part of a setting's declaration; bounds are those of pydantic's `Field`."""

    alias: str
    ge: float
    gt: float
    le: float
    lt: float
    max_length: int
    pattern: str
    kind: Kind
    unit: str
    advanced: bool
    choices: tuple[str, ...]
    none_label: str
    example: str
    required: bool
    algorithms: tuple[str, ...]
    fixed: str
    live: bool


_SCHEMA_KEYS = ("kind", "unit", "choices", "none_label", "example", "required", "algorithms", "fixed")

# No whole number of a run is larger: what is made of several of them is still a number to every database and browser.
LARGEST = 10**15
# Within free dictionaries, whose numbers may be seeds and masks: what JSON writers and arrays take.
_LARGEST_FREE, _DEEPEST_FREE = 2**63 - 1, 100

# Why a run that goes on from a checkpoint keeps the value that the checkpoint was made with.
OF_THE_NETWORKS = "the checkpoint's networks are made for it"
OF_THE_BUFFER = "what the checkpoint holds was collected by a buffer of this class"


def setting(default: Any, title: str, about: str, source: str, group: str, **extras: Unpack[Extras]) -> Any:
    """Declare one setting.

    :param default: the value when nothing is said; every section gets its own copy of a list or dictionary
    :param title: the label of its widget
    :param about: what it does, in one or two sentences
    :param source: where that is explained in full: a documentation page or a paper
    :param group: the heading it stands under within its section
    :param extras: bounds for pydantic, LARGEST being that of a whole number for which none is given; `kind` of widget
        where the type does not tell; `unit`; `advanced`; `choices` offered where others are allowed too; `none_label`
        for what None means; `example` of the text to type; `required` where an emptied field does not take its
        default; `algorithms` that know it, where not all do; `fixed` says why a run that goes on from a checkpoint has
        to keep its value, where it has to; `live` when it may change while a run trains
    """
    schema: dict[str, Any] = {"source": source, "group": group, "advanced": extras.pop("advanced", False)}
    if extras.pop("live", False):
        schema["x-live"] = True
    for key in _SCHEMA_KEYS:
        if key in extras:
            value = extras.pop(key)  # type: ignore[misc]
            schema[key] = list(value) if isinstance(value, tuple) else value
    constraints: dict[str, Any] = dict(extras)
    if type(default) is int and schema.get("kind") != "json" and not {"le", "lt"} & set(constraints):
        constraints["le"] = LARGEST
    return Field(default=default, title=title, description=about, json_schema_extra=schema, **constraints)


class Section(BaseModel):
    """Base of every part of a configuration.

    `fixed` says why a run that goes on from a checkpoint has to keep all of it; None leaves that to each setting.
    """

    fixed: ClassVar[str | None] = None

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        serialize_by_alias=True,
        protected_namespaces=(),
    )

    @classmethod
    def section_within(cls, field: str, data: Mapping[str, Any]) -> type[Section] | None:  # noqa: ARG003
        """Return what declares the keys of a free dictionary, given the values beside it; None where nothing does."""
        return None

    @model_validator(mode="before")
    @classmethod
    def _accept_whole_floats(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        whole = dict(data)
        for name, info in cls.model_fields.items():
            key = info.alias or name
            value = whole.get(key)
            if isinstance(value, float) and value.is_integer() and int in (info.annotation, *get_args(info.annotation)):
                whole[key] = int(value)
        return whole


def too_much(value: Any) -> str | None:
    """Return why a value that consists of plain ones cannot be written where any program reads it; None if it can."""
    waiting = [(value, 0)]
    while waiting:
        each, depth = waiting.pop()
        if depth > _DEEPEST_FREE:
            return "is nested too deeply"
        if isinstance(each, int) and abs(each) > _LARGEST_FREE:
            return "holds a whole number of more than 64 bits, which few programs can read"
        inner = each.values() if isinstance(each, Mapping) else each if isinstance(each, (list, tuple)) else ()
        waiting += ((part, depth + 1) for part in inner)
    return None


def _json_only(value: dict[str, Any]) -> dict[str, Any]:
    why = too_much(value)
    if why is not None:
        raise PydanticCustomError("json_only", "{why}", {"why": why})
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise PydanticCustomError("json_only", "may hold JSON values only: {reason}", {"reason": str(error)}) from error
    return value


JsonDict = Annotated[dict[str, Any], AfterValidator(_json_only)]

ENTRY_POINT = r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$"
