"""The Help tab: guides in the reader's language, and what this program is made of (assets/help.js, assets/about.js).

The guides come as trees of texts (`ui/guide_pages.py`) when the tab is first opened; versions and licences come from
the REST API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from ui.guide_pages import guides as guides_in

_ON_LOAD = """
const place = element.querySelector("[data-island]");
place.server = server;
(window.palaestraIslands = window.palaestraIslands || []).push(place);
window.palaestra?.mountIslands?.();
"""


def create_help_tab() -> gr.HTML:
    """Fill the current `gr.Tab` and return the element that holds the guides."""
    return gr.HTML(
        value='<div data-island="help" id="pal-help"><noscript>The guides need JavaScript.</noscript></div>',
        js_on_load=_ON_LOAD,
        server_functions=[guides],
        apply_default_css=False,
        container=False,
        padding=False,
        elem_classes=["pal-island"],
    )


def guides(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return all guides in the language that a browser asks for."""
    return {"guides": guides_in(str(asked.get("language", "")))}
