"""The Settings tab: how the page looks and asks in this browser, and the file of one's own defaults.

What belongs to the browser is kept there (assets/preferences.js); the file is behind `/api/settings/defaults`.
"""

from __future__ import annotations

import gradio as gr

from ui.components.island import create_island


def create_settings_tab() -> gr.HTML:
    """Fill the current `gr.Tab` and return the element that holds the settings."""
    return create_island("settings", hint="The settings need JavaScript.")
