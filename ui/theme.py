"""Colours, type and measures of the page, said once for Gradio's widgets and for our own parts.

ui/assets/base.css takes its surfaces, lines and text colours from the variables set here, so both always match.
Every text and background pair has a contrast of 4.5 to 1 or more in light and in dark. Fonts are the ones that
Gradio ships; nothing is fetched from outside.
"""

from __future__ import annotations

from gradio.themes import Base
from gradio.themes.utils.colors import Color
from gradio.themes.utils.fonts import LocalFont
from gradio.themes.utils.sizes import Size

_SLATE = Color(
    name="palaestra_slate",
    c50="#f5f6f8",
    c100="#eceef2",
    c200="#dde1e7",
    c300="#c3cad3",
    c400="#98a2ae",
    c500="#6b7682",
    c600="#56606b",
    c700="#3a434d",
    c800="#232a32",
    c900="#171b20",
    c950="#101317",
)
_AEGEAN = Color(
    name="palaestra_aegean",
    c50="#eef5fb",
    c100="#d9e8f5",
    c200="#b5d2ea",
    c300="#7ab4e8",
    c400="#4a94d0",
    c500="#2a76b4",
    c600="#1c5d99",
    c700="#174c7d",
    c800="#143d64",
    c900="#11304e",
    c950="#0b2036",
)
_SPACING = Size(name="palaestra_spacing", xxs="2px", xs="4px", sm="4px", md="8px", lg="8px", xl="12px", xxl="16px")
_RADIUS = Size(name="palaestra_radius", xxs="6px", xs="6px", sm="6px", md="6px", lg="6px", xl="6px", xxl="6px")
_TEXT = Size(name="palaestra_text", xxs="11px", xs="12px", sm="13px", md="14px", lg="16px", xl="20px", xxl="24px")

_SURFACES = {
    "body_background_fill": "*neutral_50",
    "body_background_fill_dark": "*neutral_950",
    "body_text_color": "#1b2026",
    "body_text_color_dark": "#e6e9ed",
    "body_text_color_subdued": "*neutral_600",
    "body_text_color_subdued_dark": "*neutral_400",
    "background_fill_primary": "#ffffff",
    "background_fill_primary_dark": "*neutral_900",
    "background_fill_secondary": "*neutral_50",
    "background_fill_secondary_dark": "*neutral_950",
    "border_color_primary": "*neutral_200",
    "border_color_primary_dark": "*neutral_800",
    "border_color_accent": "*primary_600",
    "border_color_accent_dark": "*primary_300",
    "color_accent": "*primary_600",
    "link_text_color": "*primary_600",
    "link_text_color_dark": "*primary_300",
    "block_background_fill": "#ffffff",
    "block_background_fill_dark": "*neutral_900",
    "block_border_width": "1px",
    "block_shadow": "none",
    "block_label_background_fill": "transparent",
    "block_label_background_fill_dark": "transparent",
    "block_label_border_width": "0px",
    "block_label_text_color": "*neutral_600",
    "block_label_text_color_dark": "*neutral_400",
    "block_label_text_weight": "400",
    "block_title_text_color": "#1b2026",
    "block_title_text_color_dark": "#e6e9ed",
    "block_title_text_weight": "400",
    "block_info_text_color": "*neutral_600",
    "block_info_text_color_dark": "*neutral_400",
    "panel_background_fill": "#ffffff",
    "panel_background_fill_dark": "*neutral_900",
    "layout_gap": "12px",
    "block_padding": "12px",
    "prose_header_text_weight": "600",
    "section_header_text_weight": "600",
}
_CONTROLS = {
    "input_background_fill": "#ffffff",
    "input_background_fill_dark": "*neutral_950",
    "input_border_color": "*neutral_300",
    "input_border_color_dark": "*neutral_700",
    "input_border_color_focus": "*primary_600",
    "input_border_color_focus_dark": "*primary_300",
    "input_border_width": "1px",
    "input_shadow": "none",
    "input_shadow_focus": "none",
    "input_placeholder_color": "*neutral_500",
    "input_placeholder_color_dark": "*neutral_400",
    "input_padding": "8px 12px",
    "checkbox_background_color_selected": "*primary_600",
    "checkbox_background_color_selected_dark": "*primary_500",
    "checkbox_border_color_selected": "*primary_600",
    "checkbox_border_color_selected_dark": "*primary_500",
    "checkbox_label_shadow": "none",
    "slider_color": "*primary_600",
    "slider_color_dark": "*primary_300",
    "button_transition": "background-color 120ms, border-color 120ms",
    "button_border_width": "1px",
    "button_large_padding": "8px 16px",
    "button_medium_padding": "8px 12px",
    "button_small_padding": "4px 8px",
    "button_large_text_size": "*text_md",
    "button_large_text_weight": "600",
    "button_medium_text_weight": "600",
    "button_small_text_weight": "400",
    "button_primary_background_fill": "*primary_600",
    "button_primary_background_fill_dark": "*primary_600",
    "button_primary_background_fill_hover": "*primary_700",
    "button_primary_background_fill_hover_dark": "*primary_500",
    "button_primary_border_color": "*primary_600",
    "button_primary_border_color_dark": "*primary_600",
    "button_primary_text_color": "#ffffff",
    "button_secondary_background_fill": "#ffffff",
    "button_secondary_background_fill_dark": "*neutral_900",
    "button_secondary_background_fill_hover": "*neutral_100",
    "button_secondary_background_fill_hover_dark": "*neutral_800",
    "button_secondary_border_color": "*neutral_300",
    "button_secondary_border_color_dark": "*neutral_700",
    "button_secondary_text_color": "#1b2026",
    "button_secondary_text_color_dark": "#e6e9ed",
    "table_border_color": "*neutral_200",
    "table_border_color_dark": "*neutral_800",
}


class PalaestraTheme(Base):
    """Gradio's widgets in Palaestra's calm: flat surfaces, thin lines, one accent, one radius."""

    def __init__(self) -> None:
        # Weight 700 also serves 600: the SemiBold files that Gradio ships hold no Latin letters.
        super().__init__(
            primary_hue=_AEGEAN,
            secondary_hue=_AEGEAN,
            neutral_hue=_SLATE,
            spacing_size=_SPACING,
            radius_size=_RADIUS,
            text_size=_TEXT,
            font=(LocalFont("IBM Plex Sans", weights=(400, 700)), "ui-sans-serif", "system-ui", "sans-serif"),
            font_mono=(LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "Consolas", "monospace"),
        )
        self.name = "palaestra"
        # In one call: a second one would set some surfaces back to Gradio's own.
        self.set(**_SURFACES, **_CONTROLS)
