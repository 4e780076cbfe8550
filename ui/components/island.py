"""A piece of the page that lives in the browser: scripts build it and feed it from the REST API.

Gradio only holds the empty element. It tells the scripts about that element once, when its tab is first shown,
whether or not the scripts have arrived by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

_ON_LOAD = """
const place = element.querySelector("[data-island]");
place.given = props.given;
(window.palaestraIslands = window.palaestraIslands || []).push(place);
window.palaestra?.mountIslands?.();
"""


def create_island(name: str, *, hint: str, given: Mapping[str, Any] | None = None) -> gr.HTML:
    """Return the element in which the script registered as `name` builds itself.

    :param name: the name given to `palaestra.island(name, build)` in ui/assets.
    :param hint: what a reader sees when scripts are switched off; plain text without markup.
    :param given: JSON data that the script finds at its element as `given`
    """
    return gr.HTML(
        value=f'<div data-island="{name}" id="pal-{name}"><noscript>{hint}</noscript></div>',
        js_on_load=_ON_LOAD,
        given=dict(given or {}),
        apply_default_css=False,
        container=False,
        padding=False,
        elem_classes=["pal-island"],
    )
