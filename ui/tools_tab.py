"""The Tools tab: what is done with a trained policy afterwards (assets/tools.js and the panels beside it)."""

from __future__ import annotations

import gradio as gr

from ui.components.island import create_island


def create_tools_tab() -> gr.HTML:
    """Fill the current `gr.Tab` and return the element that holds the tools."""
    return create_island("tools", hint="The tools need JavaScript.")
