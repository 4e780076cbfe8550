"""One entry of `environment.wrappers`: a known wrapper by its name, or any other by where it is.

`{"name": "time_limit", "kwargs": {"max_episode_steps": 500}}` is looked over argument by argument;
`{"entry_point": "package.module:Class", "kwargs": {…}}` is the user's own affair until it is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import (
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from trainer.config import sources
from trainer.config.fields import ENTRY_POINT, JsonDict, Section, setting
from trainer.config.wrappers import FIELDS_INSTEAD, KNOWN_WRAPPERS, hint_for_name
from trainer.errors import nearest

_WRAPPING = "Wrappers"


def _describe_names(schema: dict[str, Any]) -> None:
    """Say in the JSON Schema which names there are and what arguments each takes."""
    schema["properties"]["name"]["examples"] = list(KNOWN_WRAPPERS)
    schema["allOf"] = [
        {
            "if": {"properties": {"name": {"const": name}}, "required": ["name"]},
            "then": {"properties": {"kwargs": known.model_json_schema()}},
        }
        for name, known in KNOWN_WRAPPERS.items()
    ]


class WrapperConfig(Section):
    """One wrapper around each environment copy: either a known `name` or an `entry_point`."""

    model_config = ConfigDict(json_schema_extra=_describe_names)

    name: str | None = setting(
        None, "Name", "Name of a wrapper that Palaestra knows.", sources.GYMNASIUM_WRAPPERS, _WRAPPING
    )
    entry_point: str | None = setting(
        None,
        "Entry point",
        "Any Gymnasium wrapper, as module:Class.",
        sources.GYMNASIUM_WRAPPERS,
        _WRAPPING,
        pattern=ENTRY_POINT,
        example="gymnasium.wrappers:RescaleAction",
    )
    kwargs: JsonDict = setting(
        {}, "Arguments", "Arguments for the wrapper's constructor.", sources.GYMNASIUM_WRAPPERS, _WRAPPING
    )

    @classmethod
    def section_within(cls, field: str, data: Mapping[str, Any]) -> type[Section] | None:
        """Return the declaration of the arguments, for a wrapper that is known."""
        name = data.get("name")
        return KNOWN_WRAPPERS.get(name) if field == "kwargs" and isinstance(name, str) else None

    @model_validator(mode="before")
    @classmethod
    def _name_with_a_colon(cls, data: Any) -> Any:
        # Configurations of older versions have entry points under "name" too.
        if isinstance(data, dict) and isinstance(data.get("name"), str) and ":" in data["name"]:
            return {**data, "name": None, "entry_point": data["name"]} if data.get("entry_point") is None else data
        return data

    @field_validator("name")
    @classmethod
    def _is_known(cls, name: str | None) -> str | None:
        if name is None or name in KNOWN_WRAPPERS:
            return name
        instead = FIELDS_INSTEAD.get(name)
        words = f"{name} is a field, not a wrapper" if instead else f"there is no wrapper called {name!r}"
        context: dict[str, Any] = {"words": words, "hint": hint_for_name(name)}
        near = None if instead else nearest(name, KNOWN_WRAPPERS)
        raise PydanticCustomError("wrapper_name", "{words}", {**context, "instead": near} if near else context)

    @field_validator("kwargs")
    @classmethod
    def _are_its_arguments(cls, kwargs: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        known = KNOWN_WRAPPERS.get(info.data.get("name") or "")
        if known is not None:
            known.model_validate(kwargs)  # its faults are told at the arguments
        return kwargs

    @model_validator(mode="after")
    def _one_of_both(self) -> WrapperConfig:
        if (self.name is None) == (self.entry_point is None):
            raise PydanticCustomError("wrapper", 'needs either "name" or "entry_point"')
        return self

    @model_serializer(mode="wrap")
    def _without_the_other(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Write only what there is to say: the name or the entry point, and arguments."""
        data: dict[str, Any] = serialize(self)
        return {key: value for key, value in data.items() if value is not None}

    @property
    def given_name(self) -> str:
        """The name or entry point, whichever it has."""
        return self.name or self.entry_point or ""
