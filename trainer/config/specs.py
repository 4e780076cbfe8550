"""FieldSpec: a setting as a form, a flag list or a help page wants it, read off the declarations.

Nothing is written twice: everything here comes from `RunConfig` and its sections.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from trainer.config.algorithms import ALGORITHMS
from trainer.config.fields import LARGEST, Kind, Section
from trainer.config.run import RunConfig
from trainer.config.tree import default_tag, fields_of, section_of, variants_of

ALGORITHM_NAME = "algorithm.name"
_RUN_TITLE = "Name and notes"


@dataclass(frozen=True)
class FieldSpec:
    """One setting.

    :param path: dotted path in a configuration
    :param algorithm: the algorithm whose hyperparameter it is; None for everything else
    :param section: first part of the path, `environment`; `run` for name, tags and notes
    :param group: heading within the section
    :param kind: what it holds, which decides its widget (see `trainer.config.form`)
    :param default: value in a configuration that says nothing
    :param choices: allowed values of a `choice`; suggested ones of an `open_choice`
    :param nullable: whether None is a value; `none_label` says what None means
    :param example: a text that one could type
    :param only_algorithms: algorithms that know this setting; empty when all do
    :param only_when: (path, values): the setting exists only while that path has one of these values
    :param fixed: why a run that goes on from a checkpoint has to keep its value; None where it need not
    :param live: whether it may change while a run trains
    :param required: whether it has to be filled in, instead of taking its default where it is left empty
    """

    path: str
    algorithm: str | None
    section: str
    group: str
    title: str
    help: str
    source: str
    kind: Kind
    default: Any
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    choices: tuple[str, ...] = ()
    nullable: bool = False
    none_label: str | None = None
    unit: str | None = None
    example: str | None = None
    advanced: bool = False
    only_algorithms: tuple[str, ...] = ()
    only_when: tuple[str, tuple[str, ...]] | None = None
    fixed: str | None = None
    live: bool = False
    required: bool = False

    @property
    def told_maximum(self) -> float | None:
        """The upper bound as people are told it: not one that is only there because every number has to end."""
        return None if self.maximum == LARGEST else self.maximum

    @property
    def key(self) -> str:
        """Unique name among all algorithms: `ppo:algorithm.gamma`, else the path."""
        return f"{self.algorithm}:{self.path}" if self.algorithm else self.path

    def belongs_to(self, algorithm: str) -> bool:
        """Return whether a run of this algorithm has the setting."""
        return self.algorithm in (None, algorithm) and (not self.only_algorithms or algorithm in self.only_algorithms)


@cache
def field_specs() -> tuple[FieldSpec, ...]:
    """Return every setting of every algorithm, in page order."""
    return tuple(_of_section(RunConfig, "", None))


def specs_for(algorithm: str) -> tuple[FieldSpec, ...]:
    """Return the settings that a run of this algorithm has, in page order."""
    return tuple(spec for spec in field_specs() if spec.belongs_to(algorithm))


def section_title(name: str) -> str:
    """Return the heading under which the settings of a section stand."""
    info = RunConfig.model_fields.get(name)
    return (info.title if info else None) or (_RUN_TITLE if name == "run" else name.capitalize())


@cache
def argument_specs(section: type[Section]) -> tuple[FieldSpec, ...]:
    """Return the settings of a section that stands by itself, such as the arguments of a wrapper, under their names."""
    return tuple(_of_section(section, "", None))


def field_key(path: str, algorithm: str) -> str | None:
    """Return the key of the setting that a fault's path names or lies in; None when it is no widget's.

    :param path: may lead into a value, as `environment.wrappers.0.name` does
    """
    keys = {spec.path: spec.key for spec in field_specs() if spec.algorithm in (None, algorithm)}
    while path and path not in keys:
        path = path.rpartition(".")[0]
    return keys.get(path)


def _of_section(section: type[Section], prefix: str, algorithm: str | None) -> Iterator[FieldSpec]:
    for name, info in fields_of(section).items():
        path = prefix + name
        inner = section_of(info)
        if inner is not None:
            yield from _of_section(inner, f"{path}.", algorithm)
        elif path == "algorithm":
            yield _tag_spec(info, ALGORITHM_NAME, None)
            for tag, config in ALGORITHMS.items():
                yield from _of_section(config, "algorithm.", tag)
        elif variants_of(info):
            yield from _of_union(info, path, algorithm)
        elif info.json_schema_extra:
            yield _leaf(info, path, algorithm, fixed=section.fixed)


def _of_union(info: FieldInfo, path: str, algorithm: str | None) -> Iterator[FieldSpec]:
    """Yield the tag of a union, then each setting of any member once, bound to the tags that have it."""
    tag_path = f"{path}.{info.discriminator}"
    yield _tag_spec(info, tag_path, algorithm)
    owners: dict[str, list[str]] = {}
    leaves: dict[str, FieldInfo] = {}
    for tag, member in variants_of(info).items():
        for name, leaf in fields_of(member).items():
            if name != info.discriminator:
                owners.setdefault(name, []).append(tag)
                leaves.setdefault(name, leaf)
    for name, leaf in leaves.items():
        advanced = bool(_extra(info)["advanced"]) or bool(_extra(leaf)["advanced"])
        yield _leaf(leaf, f"{path}.{name}", algorithm, advanced=advanced, only_when=(tag_path, tuple(owners[name])))


def _tag_spec(info: FieldInfo, path: str, algorithm: str | None) -> FieldSpec:
    extra = _extra(info)
    return FieldSpec(
        path=path,
        algorithm=algorithm,
        section=path.partition(".")[0],
        group=extra["group"],
        title=info.title or "",
        help=info.description or "",
        source=extra["source"],
        kind="choice",
        default=default_tag(info),
        choices=tuple(variants_of(info)),
        advanced=extra["advanced"],
        fixed=extra.get("fixed"),
    )


def _leaf(
    info: FieldInfo,
    path: str,
    algorithm: str | None,
    *,
    advanced: bool | None = None,
    only_when: tuple[str, tuple[str, ...]] | None = None,
    fixed: str | None = None,
) -> FieldSpec:
    extra = _extra(info)
    kind, choices = _kind(info)
    lower, upper = _bound(info, "ge", "gt"), _bound(info, "le", "lt")
    return FieldSpec(
        path=path,
        algorithm=algorithm,
        section=path.partition(".")[0] if "." in path else "run",
        group=extra["group"],
        title=info.title or "",
        help=info.description or "",
        source=extra["source"],
        kind=extra.get("kind", kind),
        default=info.get_default(call_default_factory=True),
        minimum=lower[0],
        maximum=upper[0],
        exclusive_minimum=lower[1],
        exclusive_maximum=upper[1],
        choices=tuple(extra.get("choices", choices)),
        nullable=type(None) in get_args(info.annotation),
        none_label=extra.get("none_label"),
        unit=extra.get("unit"),
        example=extra.get("example"),
        advanced=extra["advanced"] if advanced is None else advanced,
        only_algorithms=tuple(extra.get("algorithms", ())),
        only_when=only_when,
        fixed=extra.get("fixed", fixed),
        live=extra.get("x-live", False),
        required=extra.get("required", False),
    )


def _extra(info: FieldInfo) -> dict[str, Any]:
    return info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}


def _kind(info: FieldInfo) -> tuple[Kind, tuple[str, ...]]:
    alternatives = [info.annotation, *get_args(info.annotation)]
    nullable = type(None) in alternatives
    for alternative in alternatives:
        if get_origin(alternative) is Literal:
            return "choice", tuple(get_args(alternative))
    for base, kind in _KINDS.items():
        if base in alternatives:
            return ("optional_bool" if nullable and kind == "bool" else kind), ()
    return "json", ()


_KINDS: dict[type, Kind] = {bool: "bool", int: "int", float: "float", str: "text"}


def _bound(info: FieldInfo, inclusive: str, exclusive: str) -> tuple[float | None, bool]:
    for constraint in info.metadata:
        for name in (inclusive, exclusive):
            value = getattr(constraint, name, None)
            if value is not None:
                return value, name == exclusive
    return None, False
