"""The Videos tab: every recorded episode, newest first, played in the page (assets/videos.js)."""

from __future__ import annotations

import gradio as gr

from ui.components.island import create_island


def create_videos_tab() -> gr.HTML:
    """Fill the current `gr.Tab` and return the element that holds the gallery."""
    return create_island("videos", hint="The gallery needs JavaScript.")
