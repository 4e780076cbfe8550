"""Reading what a request carries: parameters, a bounded JSON body, and the engine that answers.

JSON is read strictly: `NaN` and `Infinity` are refused where they stand, not stored and stumbled over later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Depends
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import HTTPConnection, Request

from api.errors import RequestError, invalid_request, pydantic_faults
from trainer.engine import Engine
from trainer.errors import Fault

MAX_BODY_BYTES = 1024 * 1024


class Parameters(BaseModel):
    """Query parameters of a route; a name that is not among them is refused."""

    model_config = ConfigDict(extra="forbid")


class Body(BaseModel):
    """Fields of a JSON body: no other names, and no silent conversion from one type to another."""

    model_config = ConfigDict(extra="forbid", strict=True)


BodyModel = TypeVar("BodyModel", bound=Body)


async def engine_of(connection: HTTPConnection) -> Engine:
    """Return the engine behind the application that answers."""
    engine: Engine = connection.app.state.engine
    return engine


# `async`, so that it does not cost a trip through the thread pool.
EngineOf = Annotated[Engine, Depends(engine_of)]


async def read_bytes(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """Return the body of a request.

    :raises RequestError: it is larger than `limit` bytes
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise RequestError(413, "too_large", f"The body is larger than {limit:,} bytes.")
    return bytes(body)


async def read_text(request: Request) -> str:
    """Return the body of a request as text.

    :raises RequestError: it is too large, or not UTF-8
    """
    try:
        return (await read_bytes(request)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(400, "invalid_json", f"The body is not UTF-8 text: {error}.") from error


async def read_object(request: Request) -> dict[str, Any]:
    """Return the JSON object that a request carries.

    :raises RequestError: the body is too large, not JSON, or not an object
    """
    body = await read_bytes(request)
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        message = f"The body is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        raise RequestError(400, "invalid_json", message) from error
    if not isinstance(data, dict):
        raise RequestError(400, "invalid_json", "The body must be a JSON object.")
    return data


JsonObject = Annotated[dict[str, Any], Depends(read_object)]


def parse_body(model: type[BodyModel], data: Mapping[str, Any]) -> BodyModel:
    """Return `data` as `model`.

    :raises RequestError: with every field that is unknown or of the wrong kind
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise invalid_request(pydantic_faults(error.errors(), model.model_fields)) from error


def split(values: list[str]) -> list[str]:
    """Return the words of a list parameter, given as `a,b` or repeated; empty words say nothing."""
    return [word.strip() for value in values for word in value.split(",") if word.strip()]


def one_of(first: str | None, second: str | None, names: tuple[str, str]) -> str | None:
    """Return the value of a parameter that may be given under either of two names.

    :raises RequestError: both are given and differ
    """
    if first and second and first != second:
        raise invalid_request([Fault(names[1], f"differs from {names[0]}", "give one of the two")])
    return first or second or None
