"""The status bar under every tab: load of the machine, counts of runs, version, and whether the server answers."""

from __future__ import annotations

import gradio as gr

from ui.components.island import create_island


def create_footer() -> gr.HTML:
    """Return the status bar; it must be created outside the tabs so that it is there at once."""
    return create_island("footer", hint="The status bar needs JavaScript.")
