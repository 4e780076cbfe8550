"""What can be asked of the tools, as data: one class a tool, from the page, the REST API and the command line alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from trainer.config.loading import message_of
from trainer.errors import ConfigError, Fault, nearest

Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Task(BaseModel):
    """Something to be done; a name that is not known is refused, and no type is taken for another."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class OfCheckpoint(Task):
    """Something to be done with one checkpoint of a run: `newest`, `best` or a number of steps."""

    run: str
    checkpoint: str | Annotated[int, Field(ge=0)] = "newest"


class Evaluate(OfCheckpoint):
    """Play whole episodes and say what they gave; `episodes` with each seed."""

    kind: Literal["evaluate"] = "evaluate"
    episodes: Annotated[int, Field(ge=1, le=10_000)] = 10
    seeds: Annotated[list[Seed], Field(min_length=1, max_length=100)] = [0]
    deterministic: bool = True

    @field_validator("seeds")
    @classmethod
    def _differ(cls, seeds: list[int]) -> list[int]:
        # The same episodes counted again would make the interval of their mean narrower than it is.
        twice = next((seed for seed, times in Counter(seeds).items() if times > 1), None)
        if twice is not None:
            raise PydanticCustomError("repeated", "has {seed} more than once", {"seed": twice})
        return seeds


class Export(OfCheckpoint):
    """Write the policy as a file that other programs can call, and compare its actions with ours."""

    kind: Literal["export"] = "export"
    format: Literal["onnx", "torchscript"] = "onnx"


class Card(OfCheckpoint):
    """Make a folder that says what the model is, as Hugging Face shows it; `episodes` where none were played yet."""

    kind: Literal["card"] = "card"
    episodes: Annotated[int, Field(ge=1, le=1_000)] = 10


class Render(OfCheckpoint):
    """Record episodes as videos."""

    kind: Literal["render"] = "render"
    episodes: Annotated[int, Field(ge=1, le=50)] = 1
    seed: Seed = 0
    deterministic: bool = True
    max_length: Annotated[int, Field(ge=1, le=100_000)] = 3_000


class Prune(Task):
    """Delete checkpoints that are not to be kept; of one run, or of all that have ended.

    :param newest: how many of the newest stay; the newest always does, with all that a run needs to go on
    :param replay: keep the replay buffers of checkpoints that stay
    """

    kind: Literal["prune"] = "prune"
    run: str | None = None
    newest: Annotated[int, Field(ge=1, le=10_000)] = 1
    best: bool = True
    final: bool = True
    milestones: bool = True
    replay: bool = True


AnyTask = Evaluate | Export | Card | Render | Prune
KINDS: dict[str, type[Evaluate] | type[Export] | type[Card] | type[Render] | type[Prune]] = {
    "evaluate": Evaluate,
    "export": Export,
    "card": Card,
    "render": Render,
    "prune": Prune,
}
_ANY: TypeAdapter[AnyTask] = TypeAdapter(Annotated[AnyTask, Field(discriminator="kind")])


def read_task(data: Mapping[str, Any]) -> AnyTask:
    """Return what `data` asks for.

    :raises ConfigError: with every field that is wrong
    """
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        near = nearest(str(kind), KINDS)
        hint = f"Did you mean {near}?" if near else f"There are: {', '.join(KINDS)}."
        raise ConfigError([Fault("kind", f"{kind!r} is no tool", hint)])
    try:
        return _ANY.validate_python(dict(data))
    except ValidationError as error:
        known = KINDS[kind].model_fields
        raise ConfigError([_fault(each, list(known)) for each in error.errors()]) from error


def _fault(error: Any, known: list[str]) -> Fault:
    # The first part is the kind; the next the field, then perhaps a place in a list or a branch of a union.
    names = [str(part) for part in error["loc"][1:]]
    field = names[0] if names else ""
    if error["type"] == "extra_forbidden":
        near = nearest(field, known)
        return Fault(field, "is not known here", f"Did you mean {near}?" if near else f"Known: {', '.join(known)}.")
    return Fault(field, message_of(error))
