"""What a run is: one typed field = form widget, tooltip, flag, preset key, API schema and check.

The ground floor of the engine: it knows neither torch nor Gymnasium nor any other part of Palaestra.
"""

from __future__ import annotations

from trainer.config.algorithms import ALGORITHMS
from trainer.config.checks import advise, check, check_rest
from trainer.config.environment import EnvironmentConfig
from trainer.config.form import FormResult, from_form, read_form, to_form
from trainer.config.loading import load_config
from trainer.config.overrides import apply_overrides, parse_set_flag
from trainer.config.presets import About, Preset, PresetInfo, PresetStore
from trainer.config.run import SCHEMA_VERSION, RunConfig
from trainer.config.spaces import Spaces
from trainer.config.specs import FieldSpec, field_key, field_specs, section_title, specs_for
from trainer.config.values import ParsedSchedule, parse_schedule

__all__ = [
    "ALGORITHMS",
    "SCHEMA_VERSION",
    "About",
    "EnvironmentConfig",
    "FieldSpec",
    "FormResult",
    "ParsedSchedule",
    "Preset",
    "PresetInfo",
    "PresetStore",
    "RunConfig",
    "Spaces",
    "advise",
    "apply_overrides",
    "check",
    "check_rest",
    "field_key",
    "field_specs",
    "from_form",
    "load_config",
    "parse_schedule",
    "parse_set_flag",
    "read_form",
    "section_title",
    "specs_for",
    "to_form",
]
