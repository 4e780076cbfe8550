"""Finds the Chromium that the browser tests drive; `python -m tests.browser.chromium --install` may install it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
ADVICE = "The browser tests need Chromium or Google Chrome. Install one, or set CHROMIUM to its program's path."


def find() -> str | None:
    """Return the path of a Chromium, or None."""
    candidates = [os.environ.get("CHROMIUM"), *(shutil.which(name) for name in NAMES), *PLACES]
    return next((path for path in candidates if path and Path(path).is_file()), None)


def install() -> str | None:
    """Install the Debian package where that is possible (root, apt), and return the program's path."""
    apt = shutil.which("apt-get")
    if apt is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    print("Installing the package chromium for the browser tests...", file=sys.stderr)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in ([apt, "update", "-qq"], [apt, "install", "-y", "-qq", "--no-install-recommends", "chromium"]):
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
    return find()


def main() -> int:
    """Print where Chromium is; with --install, install it when it is missing."""
    path = find() or (install() if "--install" in sys.argv[1:] else None)
    if path is None:
        print(ADVICE, file=sys.stderr)
        return 1
    print(f"Chromium: {path}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
