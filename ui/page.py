"""The whole page: tabs in reading order over one status bar, and what Gradio must be told when it is launched.

Scripts and styles are plain files in ui/assets, served by the API beside Gradio's own under /assets. Their address
carries a digest of their content, so a browser may keep them for good and still never shows an old one. All addresses
are relative to the page, which therefore works behind a root path or a share proxy.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ui.catalogue import LANGUAGES, languages
from ui.components.footer import create_footer
from ui.environments_tab import create_environments_tab
from ui.help_tab import create_help_tab
from ui.monitor_tab import create_monitor_tab
from ui.settings_tab import create_settings_tab
from ui.theme import PalaestraTheme
from ui.tools_tab import create_tools_tab
from ui.train_tab import create_train_tab
from ui.videos_tab import create_videos_tab

if TYPE_CHECKING:
    from trainer.engine import Engine

ASSETS = Path(__file__).parent / "assets"

# What others build on, in the order they need it. All other files only say what is to be built, in any order;
# `start.js` then builds it.
_FIRST = (
    "base.css",
    "parts.css",
    "core.js",
    "preferences.js",
    "theme.js",
    "texts.js",
    "format.js",
    "icons.js",
    "api.js",
    "notice.js",
    "shortcuts.js",
    "tabs.js",
    "stats.js",
    "state.js",
    "plot.js",
    "charts.js",
    "series.js",
    "runs.js",
    "tool_panel.js",
)
_LAST = ("start.js",)
# These run at once; the last of them runs all others when the texts in the reader's language have arrived.
_GROUND = ("core.js", "preferences.js", "theme.js", "texts.js")


def build_page(engine: Engine) -> gr.Blocks:
    """Return the page for `engine`; every part is filled when a browser opens it, nothing is kept here."""
    with gr.Blocks(title="Palaestra", analytics_enabled=False, fill_width=True) as page:
        with gr.Tabs(elem_id="pal-tabs"):
            with gr.Tab("Train", id="train", elem_id="tab-train"):
                create_train_tab(engine)
            with gr.Tab("Environments", id="environments", elem_id="tab-environments"):
                create_environments_tab()
            with gr.Tab("Monitor", id="monitor", elem_id="tab-monitor"):
                create_monitor_tab()
            with gr.Tab("Videos", id="videos", elem_id="tab-videos"):
                create_videos_tab()
            with gr.Tab("Tools", id="tools", elem_id="tab-tools"):
                create_tools_tab()
            with gr.Tab("Settings", id="settings", elem_id="tab-settings"):
                create_settings_tab()
            with gr.Tab("Help", id="help", elem_id="tab-help"):
                create_help_tab()
        create_footer()
    return page


def launch_options(theme: str = "system", language: str | None = None) -> dict[str, Any]:
    """Return the keyword arguments that the page needs in `Blocks.launch`; access and address are the caller's.

    :param theme: `light`, `dark`, or `system` for what each reader's system says
    :param language: what readers who have chosen none see; None is what each reader's browser asks for
    """
    return {
        "theme": PalaestraTheme(),
        "head": page_head(theme, language),
        "favicon_path": str(ASSETS / "favicon.svg"),
        "footer_links": [],
        "run_history": False,
        "ssr_mode": False,
        "quiet": True,
    }


def page_head(theme: str = "system", language: str | None = None) -> str:
    """Return the tags that load our styles, texts and scripts, as ordered here; styles come after Gradio's."""
    names = assets_in_order()
    styles = [f'<link rel="stylesheet" data-palaestra href="{_address(name)}">' for name in names[".css"]]
    scripts = [
        f'<link rel="preload" as="script" data-palaestra-script href="{_address(name)}">'
        for name in names[".js"]
        if name not in _GROUND
    ]
    ground = [f'<script src="{_address(name)}"></script>' for name in _GROUND]
    chosen = [f'<meta name="palaestra-theme" content="{theme}">']
    chosen += [f'<meta name="palaestra-language" content="{language}">'] if language else []
    return "\n".join([*chosen, *styles, *_language_links(), *scripts, *ground])


def _language_links() -> list[str]:
    links = []
    for tag, name in languages().items():
        kinds = {"palaestra-language": f"{tag}.json", "palaestra-server-texts": f"{tag}.server.json"}
        for kind, file in kinds.items():
            if (LANGUAGES / file).is_file():
                address = _address(f"languages/{file}", LANGUAGES / file)
                links.append(f'<link rel="{kind}" hreflang="{tag}" title="{name}" href="{address}">')
    return links


def assets_in_order() -> dict[str, list[str]]:
    """Return the names of all styles and scripts in ui/assets by suffix, each in the order of loading."""
    names: dict[str, list[str]] = {".css": [], ".js": []}
    others = sorted(path.name for path in ASSETS.iterdir() if path.name not in (*_FIRST, *_LAST))
    for name in (*_FIRST, *others, *_LAST):
        names.get(Path(name).suffix, []).append(name)
    return names


def _address(name: str, path: Path | None = None) -> str:
    digest = hashlib.sha256((path or ASSETS / name).read_bytes()).hexdigest()
    return f"assets/{name}?v={digest[:12]}"
