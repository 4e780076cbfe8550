"""The Monitor tab: a card with live charts for each run, what is queued, and what ended lately.

Everything is built in the browser (assets/monitor.js) from the REST API, so that a reload or a second page shows
the same and no run depends on a page being open.
"""

from __future__ import annotations

import gradio as gr

from ui.components.form import describe_live_fields
from ui.components.island import create_island


def create_monitor_tab() -> gr.HTML:
    """Fill the current `gr.Tab` and return the element that holds the monitor."""
    return create_island("monitor", hint="The monitor needs JavaScript.", given={"liveFields": describe_live_fields()})
