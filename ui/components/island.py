"""A piece of the page that lives in the browser: scripts build it and feed it from the REST API.

Gradio only holds the empty element. It tells the scripts about that element once, when its tab is first shown,
whether or not the scripts have arrived by then.
"""

from __future__ import annotations

import gradio as gr

_ON_LOAD = """
(window.palaestraIslands = window.palaestraIslands || []).push(element.querySelector("[data-island]"));
window.palaestra?.mountIslands?.();
"""


def create_island(name: str, *, hint: str) -> gr.HTML:
    """Return the element in which the script registered as `name` builds itself.

    :param name: the name given to `palaestra.island(name, build)` in ui/assets.
    :param hint: what a reader sees when scripts are switched off; plain text without markup.
    """
    return gr.HTML(
        value=f'<div data-island="{name}" id="pal-{name}"><noscript>{hint}</noscript></div>',
        js_on_load=_ON_LOAD,
        apply_default_css=False,
        container=False,
        padding=False,
        elem_classes=["pal-island"],
    )
