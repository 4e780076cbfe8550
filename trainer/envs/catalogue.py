"""Which environments there are: every id that Gymnasium, ale-py and other packages register, with what is missing.

Importing this module costs nothing; Gymnasium is loaded at the first question, the packages of `optional` at the first
that needs them. Everything may be asked from any thread. Ids that others register later are found too.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from trainer.config.environment import EnvironmentConfig
from trainer.config.spaces import Spaces
from trainer.envs import optional
from trainer.envs.apart import decisive, tried
from trainer.envs.atari_options import longest_episode
from trainer.envs.custom.source import generation, source_of
from trainer.envs.entry_points import has_own_code
from trainer.envs.needs import is_retired, look_at_packages, missing_for, versions
from trainer.envs.optional import OPTIONAL, OptionalFamily
from trainer.envs.registry import atari_options_of, registry
from trainer.errors import ConfigError, Fault, nearest

if TYPE_CHECKING:
    from gymnasium.envs.registration import EnvSpec

    from trainer.envs.layers import Layers

FAMILY_TITLES: Mapping[str, str] = {
    "yours": "Yours",
    "classic_control": "Classic control",
    "atari": "Atari",
    "box2d": "Box2D",
    "mujoco": "MuJoCo",
    "toy_text": "Toy text",
    **{family.key: family.title for family in OPTIONAL},
    "other": "Others",
    "jax": "Gymnasium functional (JAX)",
}


@dataclass(frozen=True)
class EnvironmentEntry:
    """One registered id.

    :param id: as `environment.id` holds it
    :param family: key of its family
    :param title: the environment's name without namespace and version, in words
    :param version: number after `-v`; None where the id has none
    :param reward_threshold: return from which it counts as solved, where its makers say so
    :param max_episode_steps: agent steps after which an episode is cut; None where there is no limit
    :param available: whether it can be made here
    :param missing: what keeps it from that, and what to do
    :param command: the one line that brings what is missing, where there is one
    """

    id: str
    family: str
    title: str
    version: int | None
    reward_threshold: float | None
    max_episode_steps: int | None
    available: bool
    missing: str | None
    command: str | None = None


@dataclass(frozen=True)
class Family:
    """Environments of one kind, by title, the newest version of each first.

    :param command: the one line that installs what brings it; None where it is there
    :param problem: why its package cannot be used although it is installed
    :param about: what is in it, for a family that comes with a package of its own
    """

    key: str
    title: str
    entries: tuple[EnvironmentEntry, ...]
    command: str | None = None
    problem: str | None = None
    about: str = ""

    @property
    def older(self) -> frozenset[str]:
        """Ids of all but the first of several versions of one environment."""
        newest = {entry.title: entry.id for entry in reversed(self.entries)}
        return frozenset(entry.id for entry in self.entries if newest[entry.title] != entry.id)

    @property
    def environments(self) -> int:
        """How many environments there are, each counted once, whatever its versions."""
        return len({entry.title for entry in self.entries})

    @property
    def runs_here(self) -> bool:
        """Whether any of them can be trained on here."""
        return any(entry.available for entry in self.entries)


_State = tuple[int, frozenset[str], tuple[tuple[str, str], ...]]

_cache_lock = threading.Lock()
_cached: tuple[_State, tuple[EnvironmentEntry, ...]] | None = None


def entries(*, again: bool = False) -> tuple[EnvironmentEntry, ...]:
    """Return every registered id, family by family, by title, what can be made and newer versions first.

    What was installed since is found.

    :param again: also try packages once more that could not be imported
    """
    if again:
        optional.forget_failed()
    optional.register_installed()
    look_at_packages()
    return _known()


def _known() -> tuple[EnvironmentEntry, ...]:
    """Return what is registered at this moment."""
    global _cached
    specs = registry()
    state = (generation(), frozenset(specs), tuple(versions().items()))
    with _cache_lock:
        if _cached is None or _cached[0] != state:
            found = [entry for spec in specs.values() if (entry := _entry(spec)) is not None]
            _cached = (state, tuple(sorted(found, key=_order)))
        return _cached[1]


def families(*, again: bool = False) -> tuple[Family, ...]:
    """Return the environments grouped, families of which nothing can run here last; those without any are left out.

    :param again: as for `entries`
    """
    by_family: dict[str, list[EnvironmentEntry]] = {key: [] for key in FAMILY_TITLES}
    for entry in entries(again=again):
        by_family[entry.family].append(entry)
    there = [Family(key, FAMILY_TITLES[key], tuple(found)) for key, found in by_family.items() if found]
    return tuple(sorted(there, key=lambda family: not family.runs_here))


def shelf(*, again: bool = False) -> tuple[Family, ...]:
    """Return every family there could be: those of `families`, and those whose package is missing or broken.

    Families of which nothing can run here come after the others.

    :param again: as for `entries`
    """
    there = {family.key: family for family in families(again=again)}
    absent = {family.key: _absent(family) for family in OPTIONAL if family.key not in there}
    known = [{**there, **absent}[key] for key in FAMILY_TITLES if key in there or key in absent]
    return tuple(sorted(known, key=lambda family: not family.runs_here))


def _absent(family: OptionalFamily) -> Family:
    command = None if optional.installed(family) else optional.install_command(family.package)
    return Family(family.key, family.title, (), command, optional.problem_of(family), family.about)


def find(environment_id: str) -> EnvironmentEntry:
    """Return the entry of an id.

    :raises ConfigError: it is not registered; the hint names the package that would do so, or the nearest id that is
    """
    if (entry := _among_known(environment_id)) is not None:
        return entry
    for _ in optional.register_for(environment_id):
        if (entry := _among_known(environment_id)) is not None:
            return entry
    if (absent := optional.absent_for(environment_id)) is not None:
        needs = f"Needs a package that is not installed: {absent.package}."
        hint = f"{needs} Run: {optional.install_command(absent.package)}"
        raise ConfigError([Fault("environment.id", f"{environment_id} cannot run here.", hint)])
    known = {entry.id: entry for entry in entries()}
    near = nearest(environment_id, known) or _nearest_bare(environment_id, known)
    hint = f"Did you mean {near}?" if near else "The Environment field lists every id there is."
    fix = {"environment.id": near} if near else None
    raise ConfigError([Fault("environment.id", f"There is no environment {environment_id!r}.", hint, fix)])


def _nearest_bare(environment_id: str, known: Iterable[str]) -> str | None:
    """Return the id whose name without its namespace is nearest."""
    by_name = {_bare_name(name): name for name in known}
    near = nearest(environment_id, by_name)
    return by_name[near] if near else None


def _among_known(environment_id: str) -> EnvironmentEntry | None:
    return next((entry for entry in _known() if entry.id == environment_id), None)


def versions_of(environment_id: str) -> frozenset[str]:
    """Return the ids of all versions of an environment, its own among them: every id of one game.

    :raises ConfigError: it is not registered
    """
    entry = find(environment_id)
    return frozenset(each.id for each in _known() if (each.family, each.title) == (entry.family, entry.title))


def require(environment_id: str) -> EnvSpec:
    """Return the registered spec of an id that can be made here.

    :raises ConfigError: it is unknown, or something that it needs is missing
    """
    entry = find(environment_id)
    if entry.command is not None:  # it may have been run since
        look_at_packages()
        entry = find(environment_id)
    if entry.missing is not None:
        hint = entry.missing if entry.command is None else f"{entry.missing} Run: {entry.command}"
        raise ConfigError([Fault("environment.id", f"{environment_id} cannot run here.", hint)])
    return registry()[environment_id]


def spaces_of(environment_id: str, kwargs: Mapping[str, Any] | None = None) -> Spaces:
    """Return the spaces of an environment as a policy sees them; for Atari after the standard preprocessing.

    :param kwargs: arguments for making it
    :raises ConfigError: it cannot be made
    """
    return environment_spaces(EnvironmentConfig(id=environment_id, kwargs=dict(kwargs or {})))


def environment_spaces(environment: EnvironmentConfig) -> Spaces:
    """Return the spaces of a whole environment section, with its wrappers and frame stack.

    The environment is made for a moment the first time, in a process of its own where code of the user's own has part
    in it; later answers come from memory.

    :raises ConfigError: it cannot be made
    """
    if not has_own_code(environment):
        return _spaces(decisive(environment).model_dump_json(), generation())
    require(environment.id)
    trial = tried(environment)
    if trial.spaces is None:
        raise ConfigError([trial.fault] if trial.fault is not None else [])
    return trial.spaces


def space_faults(before: EnvironmentConfig, after: EnvironmentConfig) -> list[Fault]:
    """Return a fault where a policy that has learnt in `before` would see or do something else in `after`.

    :raises ConfigError: `after` cannot be made
    """
    paths = [f"environment.{name}" for name in ("wrappers", "kwargs") if getattr(before, name) != getattr(after, name)]
    if not paths or before.id != after.id:
        return []
    was, now = _exact_spaces(before), _exact_spaces(after)
    hint = "Wrappers and arguments that change rewards or episodes alone can be changed."
    named = zip(("observations", "actions"), was, now, strict=True)
    words = [f"{what} would be {new[1][:60]} instead of {old[1][:60]}" for what, old, new in named if old[0] != new[0]]
    return [Fault(path, f"cannot change at a fork like this: {' and '.join(words)}", hint) for path in paths if words]


def _exact_spaces(environment: EnvironmentConfig) -> tuple[tuple[str, str], ...]:
    """Return observation and action space, each as a digest and in words."""
    from trainer.envs.inspection import exactly
    from trainer.envs.single import make_single

    if has_own_code(environment):
        environment_spaces(environment)  # raises what is wrong with it
        return tried(environment).exact
    env = make_single(environment)
    try:
        return tuple((exactly(space), str(space)) for space in (env.observation_space, env.action_space))
    finally:
        env.close()


@lru_cache(maxsize=256)
def _spaces(environment_json: str, _generation: int) -> Spaces:
    from trainer.envs.layers import layers_of

    environment = EnvironmentConfig.model_validate_json(environment_json)
    require(environment.id)
    layers = layers_of(environment)
    if layers.fault is not None:
        raise ConfigError([layers.fault])
    return spaces_here(environment, layers)


def spaces_here(environment: EnvironmentConfig, layers: Layers) -> Spaces:
    """Return the spaces of an environment that was made in this process.

    :param layers: of it; all fit
    :raises ConfigError: it is unknown, or something that it needs is missing
    """
    from trainer.envs.inspection import describe_spaces, flattened

    spec = require(environment.id)
    options = atari_options_of(environment, spec)
    if options is not None:
        native = options.native_obstacle is None
    else:
        native = spec.vector_entry_point is not None and not str(spec.entry_point).startswith("ale_py.")
    observation = flattened(layers.top.observation)  # as `make_single` does
    stack = environment.frame_stack if options is None else None
    spaces = describe_spaces(observation, layers.top.action, stack, native and not environment.wrappers)
    if options is not None:
        spaces = replace(spaces, stacked_frames=options.frame_stack)
    unread = spaces.observation_kind == "other"
    return replace(spaces, suggested_wrapper=optional.wrapper_for(_family(spec))) if unread else spaces


def _entry(spec: EnvSpec) -> EnvironmentEntry | None:
    """Return a spec as an entry; None for Gymnasium's shells around old environments, which are none themselves."""
    if spec.name.startswith("GymV2"):
        return None
    family = _family(spec)
    missing, command = missing_for(spec, family)
    limit = spec.max_episode_steps
    if family == "atari" and limit is None:
        limit = longest_episode(spec.kwargs)
    return EnvironmentEntry(
        id=spec.id,
        family=family,
        title=_title(spec.name),
        version=spec.version,
        reward_threshold=spec.reward_threshold,
        max_episode_steps=limit,
        available=missing is None,
        missing=missing,
        command=command,
    )


def _family(spec: EnvSpec) -> str:
    if source_of(spec.id) is not None:
        return "yours"
    if spec.namespace in {"phys2d", "tabular"}:
        return "jax"
    if is_retired(spec):
        return "mujoco"
    if not isinstance(spec.entry_point, str):
        return _family_of_module(getattr(spec.entry_point, "__module__", ""))
    if spec.entry_point.startswith("ale_py."):
        return "atari"
    return _family_of_module(spec.entry_point.partition(":")[0])


def _family_of_module(name: str) -> str:
    module = name.split(".")
    if module[:2] == ["gymnasium", "envs"] and len(module) > 2:
        return module[2] if module[2] in FAMILY_TITLES else "other"
    family = optional.family_of_module(name)
    return "other" if family is None else family.key


def _title(name: str) -> str:
    """Return `MsPacmanNoFrameskip` as `Ms Pacman`, and `MiniGrid-DoorKey-5x5` as `MiniGrid Door Key 5x5`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.removesuffix("NoFrameskip"))
    words = re.sub(r"[-_\s]+", " ", apart).strip().replace("Mini Grid", "MiniGrid").replace("Baby AI", "BabyAI")
    return words[:1].upper() + words[1:]


def _bare_name(environment_id: str) -> str:
    return environment_id.rpartition("/")[2]


def _order(entry: EnvironmentEntry) -> tuple[int, str, bool, int, bool, str]:
    rank = list(FAMILY_TITLES).index(entry.family)
    # Published Atari results are for NoFrameskip ids; plain v4 and v0 skip a random number of frames.
    return rank, entry.title, not entry.available, -(entry.version or 0), "NoFrameskip" not in entry.id, entry.id
