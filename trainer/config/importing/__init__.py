"""Configurations of other programs, translated into ours with a line said about every key.

`import_text` knows a preset of ours, a run's config.json, RL Zoo's YAML and the flat JSON of home-made dashboards. What
it returns is a valid configuration, and a report of what became of each key of the source. Nothing in a source is ever
run, and no name in it is imported.
"""

from __future__ import annotations

from trainer.config.importing.report import Line
from trainer.config.importing.texts import FORMATS, Imported, import_text

__all__ = ["FORMATS", "Imported", "Line", "import_text"]
