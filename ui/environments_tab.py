"""The Environments tab: every family there is, what an environment is like, and files of one's own.

Everything is built in the browser (assets/environments.js) from the REST API.
"""

from __future__ import annotations

import gradio as gr

from ui.components.island import create_island


def create_environments_tab() -> gr.HTML:
    """Fill the current `gr.Tab` and return the element that holds the page."""
    return create_island("environments", hint="The list of environments needs JavaScript.")
