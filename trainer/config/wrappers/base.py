"""What the declaration of a known wrapper consists of.

A class here holds a wrapper's arguments as settings like any other, and beside them what it is called, what it does
and which class does it. List editor, JSON Schema, checks and documentation are made from these classes; the wrappers
themselves live in `trainer.envs.wrappers`, since this floor knows no Gymnasium.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from trainer.config.fields import Section

EPISODES = "Episodes"
OBSERVATIONS = "Observations"
ACTIONS = "Actions"
REWARDS = "Rewards"
GROUPS = (EPISODES, OBSERVATIONS, ACTIONS, REWARDS)


def said_as(words: str) -> WrapValidator:
    """Return what has a value of several possible kinds refused in one sentence rather than in one for each kind."""

    def validate(value: Any, inner: ValidatorFunctionWrapHandler) -> Any:
        try:
            return inner(value)
        except ValidationError:
            raise PydanticCustomError("said_as", "must be {words}", {"words": words}) from None

    return WrapValidator(validate)


# One number for every entry, or a list with one each.
PerEntry = Annotated[float | list[float], said_as("a number, or a list with one number for every entry")]
Size = Annotated[
    list[Annotated[int, Field(ge=1, le=4096)]],
    Field(min_length=2, max_length=2),
    said_as("two whole numbers from 1 to 4,096: height and width"),
]
Indices = Annotated[list[Annotated[int, Field(ge=0)]], said_as("a list of whole numbers from 0")]


class KnownWrapper(Section):
    """The arguments of one wrapper, under the names that its constructor has.

    :cvar name: what a configuration calls it
    :cvar title: what people call it
    :cvar about: what it does, in one or two sentences
    :cvar source: where that is explained in full
    :cvar group: the heading under which it is offered
    :cvar entry_point: the class that does it, as module:Class
    :cvar suggested: arguments that it is added with in a form, where their defaults are not what one wants
    """

    name: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]
    source: ClassVar[str]
    group: ClassVar[str]
    entry_point: ClassVar[str]
    suggested: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def starting_arguments(cls) -> dict[str, Any]:
        """Return the arguments that the wrapper is added with: every one, so that a configuration shows them all."""
        defaults = {name: info.get_default(call_default_factory=True) for name, info in cls.model_fields.items()}
        return {**defaults, **cls.suggested}
