"""Pictures of every tab, at a desk and on a phone: `python -m docs.screenshots` writes them to docs/images.

A server of its own, in a folder that is deleted afterwards, trains a few short runs, so that no tab is empty. Pictures
are reduced to a palette of 256 colours, which this page hardly needs more of, and kept below a size that is kind to a
repository.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).parent / "images"
SIZES = {1280: 900, 390: 844}
LARGEST = 200_000  # bytes
COLOURS = (256, 128, 64)

# What is opened in a tab before its picture is taken: an address in the page, and a script.
PLACES = {
    "environments": ("environments", "() => innerWidth > 800 && document.querySelector('.pal-envs-row')?.click()"),
    "monitor": ("monitor", "() => document.querySelector('.pal-card')?.scrollIntoView()"),
    "help": ("help/when-it-does-not-learn", "() => {}"),
}

# What an environment sees is asked for row by row, which takes its time while runs train.
COMPLETE = "() => ![...document.querySelectorAll('.pal-envs-spaces')].some((row) => row.textContent === '\u2026')"
COMPLETE_WITHIN = 60_000  # ms


def main() -> int:
    """Take the pictures; return 0 when all are there."""
    parser = argparse.ArgumentParser(description="Pictures of every tab for docs/images.")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--tab", action="append", help="only this tab (may be given again)")
    parser.add_argument("--url", help="of a server that runs already, instead of one with short runs of its own")
    arguments = parser.parse_args()
    if arguments.url:
        return _photograph(arguments.url, arguments.theme, arguments.tab)

    from tests.serving_process import Server

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder))
        try:
            server.wait_until_up()
            _fill(server)
            return _photograph(server.url, arguments.theme, arguments.tab)
        finally:
            server.close()


def _fill(server: Any) -> None:
    """Train what the pictures show: a run that has ended with videos, its fork, and one that still trains."""
    from tests.serving_process import wait_until

    def start(preset: str, **overrides: Any) -> str:
        changes = {name.replace("__", "."): value for name, value in overrides.items()}
        return str(server.api("POST", "/api/runs", {"preset": preset, "overrides": changes, "start": True})["id"])

    def ended(run: str) -> bool:
        return server.api("GET", f"/api/runs/{run}")["status"] == "completed"

    first = start("ppo_cartpole", training__total_timesteps=60_000, video__every_steps=10_000)
    wait_until(lambda: ended(first), 300)
    wait_until(lambda: server.api("GET", f"/api/videos/recordings?run={first}")["videos"], 120)
    start("ppo_cartpole", training__total_timesteps=5_000_000, training__seed=1)
    second = start("a2c_cartpole", training__total_timesteps=5_000_000)
    wait_until(lambda: server.api("GET", f"/api/runs/{second}")["step"] > 60_000, 300)
    server.api("POST", f"/api/runs/{second}/pause")


def _photograph(url: str, theme: str, only: list[str] | None) -> int:
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import ADVICE, find
    from tests.browser.conftest import FLAGS

    program = find()
    if program is None:
        print(ADVICE, file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        for width, height in SIZES.items():
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=theme, locale="en-US", reduced_motion="reduce"
            )
            page = context.new_page()
            page.goto(url)
            page.wait_for_selector("#pal-train[data-ready]")
            for tab in only or page.evaluate("() => palaestra.tabs()"):
                _write(_picture(page, tab), tab, width, theme)
            context.close()
        browser.close()
    return 0


def _picture(page: Any, tab: str) -> bytes:
    """Open a tab and take its picture once it has stopped growing."""
    from tests.browser.axe import settle

    address, prepare = PLACES.get(tab, (tab, "() => {}"))
    page.evaluate("address => palaestra.goTo(`#${address}`)", address)
    settle(page)
    page.evaluate(prepare)
    page.wait_for_timeout(3000)  # posters, previews and curves arrive after the parts that hold them
    page.wait_for_function(COMPLETE, timeout=COMPLETE_WITHIN)
    page.mouse.move(0, 0)
    return bytes(page.screenshot())


def _write(picture: bytes, tab: str, width: int, theme: str) -> None:
    from PIL import Image

    image = Image.open(io.BytesIO(picture)).convert("RGB")
    for colours in COLOURS:
        reduced = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(reduced, "PNG", optimize=True)
        if reduced.tell() < LARGEST:
            break
    name = f"{tab}{'' if width == max(SIZES) else f'-{width}'}{'' if theme == 'light' else f'-{theme}'}.png"
    path = IMAGES / name
    path.write_bytes(reduced.getvalue())
    print(f"{path.relative_to(Path.cwd())}: {len(reduced.getvalue()) / 1000:.0f} kB")


if __name__ == "__main__":
    sys.exit(main())
