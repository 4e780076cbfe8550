"""What goes wrong, as HTTP: which status each error has, and one envelope for all of them.

The handlers belong to our own application, so nothing of Gradio's changes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, get_type_hints

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.responses import JsonResponse, envelope
from trainer.errors import (
    ConfigError,
    ConflictError,
    Fault,
    NotFoundError,
    PalaestraError,
    StorageError,
    UnsafePathError,
    nearest,
)

_log = logging.getLogger(__name__)

_STATUS: tuple[tuple[type[PalaestraError], int], ...] = (
    (ConfigError, 422),
    (NotFoundError, 404),
    (ConflictError, 409),
    (UnsafePathError, 400),
    (StorageError, 503),
)
_CODES = {404: "not_found", 405: "method_not_allowed"}


class RequestError(PalaestraError):
    """A request that cannot be understood or is not allowed, with the status and the code that say so."""

    def __init__(self, status: int, code: str, message: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.faults = tuple(faults)


def invalid_request(faults: Sequence[Fault]) -> RequestError:
    """Return the error for parameters or a body that cannot be used; its message holds every fault."""
    message = "; ".join(f"{fault.field}: {fault.message}" if fault.field else fault.message for fault in faults)
    return RequestError(422, "invalid_request", message, faults)


def status_of(error: PalaestraError) -> int:
    """Return the HTTP status of an error of ours: 500 for what nobody outside can do anything about."""
    if isinstance(error, RequestError):
        return error.status
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def error_body(error: PalaestraError) -> dict[str, Any]:
    """Return the envelope of an error of ours, with every fault it holds."""
    faults: Iterable[Fault] = getattr(error, "faults", ())
    return envelope(error.code, error.message, faults)


def pydantic_faults(errors: Iterable[Any], known: Iterable[str] = ()) -> list[Fault]:
    """Turn pydantic's list of errors into faults.

    :param known: names to suggest from where a name is not known
    """
    names = list(known)
    return [_pydantic_fault(error, names) for error in errors]


def _pydantic_fault(error: Any, known: list[str]) -> Fault:
    location = [str(part) for part in error["loc"] if part not in ("query", "path", "body")]
    field = ".".join(location)
    if error["type"] == "extra_forbidden":
        near = nearest(location[-1], known)
        return Fault(field, "is not known here", f"did you mean {near}?" if near else f"known: {', '.join(known)}")
    return Fault(field, str(error["msg"]))


def install_handlers(app: FastAPI) -> None:
    """Make every error of `app` leave as an envelope."""
    app.add_exception_handler(PalaestraError, _palaestra_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


def _palaestra_error(request: Request, error: Exception) -> JsonResponse:
    if not isinstance(error, PalaestraError):
        return _unexpected(request, error)
    status = status_of(error)
    if status >= 500:
        _log.error("%s %s: %s", request.method, request.url.path, error, exc_info=error)
    return JsonResponse(error_body(error), status)


def _validation_error(request: Request, error: Exception) -> JsonResponse:
    errors = error.errors() if isinstance(error, RequestValidationError) else ()
    faults = pydantic_faults(errors, _parameters_of(request.scope.get("endpoint")))
    return _palaestra_error(request, invalid_request(faults))


def _parameters_of(endpoint: Callable[..., Any] | None) -> list[str]:
    """Return the query parameters of a route, which are the fields of the models in its signature."""
    kinds = get_type_hints(endpoint).values() if endpoint is not None else ()
    models = (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
    return [name for model in models for name in model.model_fields]


def _http_error(request: Request, error: Exception) -> JsonResponse:
    if not isinstance(error, HTTPException):
        return _unexpected(request, error)
    message = str(error.detail)
    if error.status_code == 404:
        message = f"There is nothing at {request.url.path}."
    elif error.status_code == 405:
        message = f"{request.method} is not possible at {request.url.path}."
    code = _CODES.get(error.status_code, "http_error")
    return JsonResponse(envelope(code, message), error.status_code, headers=error.headers)


def _unexpected(_request: Request, _error: Exception) -> JsonResponse:
    # Starlette raises the error again once this answer is out, and the server logs it with its traceback.
    return JsonResponse(envelope("internal", "Something went wrong inside the server; its log has the details."), 500)
