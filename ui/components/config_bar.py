"""Presets as the configuration bar handles them: list, load, save, import, adjust, download.

A request that fails changes nothing: neither a file nor the form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from trainer.config import SCHEMA_VERSION, PresetStore, RunConfig, field_key, to_form
from trainer.config.adjusting import adjust, applied, standing
from trainer.config.defaults import DefaultsFile, form_values
from trainer.config.importing import import_text
from trainer.errors import ConfigError, ConflictError, Fault, StorageError
from ui.components.form import filled_form, read_filled

FIRST_PRESET = "ppo_cartpole"
"""What a newcomer's form starts with, so that Start works at once."""


class ConfigBar:
    """The requests of the configuration bar; each takes and returns JSON data."""

    def __init__(self, presets: PresetStore, defaults: DefaultsFile) -> None:
        self._presets = presets
        self._defaults = defaults

    def opening(self) -> dict[str, Any]:
        """Return the list of presets and the form as a new page shows it."""
        listed = self.listing()
        if any(info["name"] == FIRST_PRESET and not info["problem"] for info in listed):
            return {"presets": listed, "form": self.load(FIRST_PRESET)}
        return {"presets": listed, "form": filled_form(RunConfig(), None)}

    def fresh(self) -> dict[str, Any]:
        """Return a form that begins from nothing: the program's defaults with one's own in their place.

        :return: the form, with how many are one's `own`, and the `faults` of their file, whose right part still counts
        """
        read = self._defaults.read()
        faults = [fault.as_json() for fault in read.faults]
        return {"preset": None, "values": form_values(read.values), "own": len(read.values), "faults": faults}

    def listing(self) -> list[dict[str, Any]]:
        """Return the presets, shipped ones and one's own, by name."""
        return [
            {
                "name": info.name,
                "title": info.title,
                "description": info.description,
                "environment": info.environment,
                "algorithm": info.algorithm,
                "built_in": info.built_in,
                "problem": info.problem,
                "score": info.score,
            }
            for info in self._presets.list()
        ]

    def load(self, name: str) -> dict[str, Any]:
        """Return the form filled in from a preset.

        :raises PalaestraError: the preset does not exist or is damaged
        """
        return filled_form(self._presets.load(name).config, name)

    def save(self, name: str, filled: Mapping[str, Any], *, replace: bool) -> dict[str, Any]:
        """Save the form as a preset of one's own and return the new list.

        :param replace: whether an older one of that name may be replaced
        :raises PalaestraError: the form has faults, the name is refused or taken, the file cannot be written
        """
        config = required(filled)
        if not replace and any(info.name == name and not info.built_in for info in self._presets.list()):
            raise ConflictError(f"You already have a preset named {name}.")
        try:
            saved = self._presets.save(name, config)
        except OSError as error:
            raise StorageError(f"The preset could not be written: {error}.") from error
        return {"name": saved.name, "presets": self.listing()}

    def take_in(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the text of a file amounts to: the form filled in from it, and a line for every key.

        `form` is None when an entry of an RL Zoo file, or its algorithm, has to be chosen first. Nothing is saved.

        :raises ConfigError: the text is too long, cannot be read, or is a preset with faults
        """
        entry, algorithm = asked.get("entry") or None, asked.get("algorithm") or None
        imported = import_text(
            str(asked["text"]), entry=entry, algorithm=algorithm, file_name=str(asked.get("file_name", ""))
        )
        answer = imported.as_json()
        del answer["config"]
        return {**answer, "form": None if imported.config is None else filled_form(imported.config, None)}

    def adjustments(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a length and a style would change in the form, each with its reason; nothing is changed.

        :param asked: `filled` and `baseline`, the form as it is and as it was loaded; `length`, `style`: none of both
            asks which ones the form has
        :return: `length` and `style` as chosen or as the form has them, None where it was changed by hand; `changes`
        :raises ConfigError: the form has faults
        """
        config = required(asked["filled"])
        base = read_filled(asked["baseline"]).config
        length, style = asked.get("length"), asked.get("style")
        if length is None and style is None:
            length, style = standing(config, base)
            return {"length": length, "style": style, "changes": []}
        changes = adjust(config, base, length=length, style=style)
        before, after = to_form(config), to_form(applied(config, changes))
        keys = {field_key(change.field, config.algorithm.name): change.why for change in changes}
        told = [{"key": key, "before": before[key], "after": after[key], "why": why} for key, why in keys.items()]
        return {"length": length, "style": style, "changes": told}

    def download(self, filled: Mapping[str, Any]) -> dict[str, Any]:
        """Return the form as the text of a preset file, with a name for it.

        :raises ConfigError: the form has faults
        """
        config = required(filled)
        name = filled.get("preset") or f"{config.algorithm.name}_{config.environment.id.rpartition('/')[2].lower()}"
        document = {
            "schema_version": SCHEMA_VERSION,
            "about": {"title": config.name or str(name)},
            "config": config.to_data(),
        }
        return {"name": f"{name}.json", "text": json.dumps(document, indent=2, ensure_ascii=False) + "\n"}


def required(filled: Mapping[str, Any]) -> RunConfig:
    """Return the configuration that a filled-in form amounts to.

    :raises ConfigError: with every fault of the form
    """
    result = read_filled(filled)
    if result.config is None:
        raise ConfigError(result.faults or [Fault("", "The form is empty.")])
    return result.config
