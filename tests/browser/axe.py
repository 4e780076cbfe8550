"""axe-core over what a page shows, and a look at whether anything sticks out of it; axe comes from PyPI."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import axe_playwright_python

_RUN = """async () => {
  const {violations} = await axe.run(document, {resultTypes: ["violations"]});
  return violations.filter(({impact}) => ["serious", "critical"].includes(impact)).flatMap(({id, help, nodes}) =>
    nodes.map(({target, html, failureSummary}) =>
      `${id} (${help}): ${target.join(" ")} ${html.slice(0, 160)} ${failureSummary}`));
}"""
# What can be used must be in reach: the page clips what is too wide, so a scroll bar would not tell.
_STICKING_OUT = """() => {
  const scrolls = node => { // an ancestor that can be scrolled sideways brings it into reach
    for (let each = node.parentElement; each && each !== document.body; each = each.parentElement) {
      const scrolling = ["auto", "scroll"].includes(getComputedStyle(each).overflowX);
      if (scrolling && each.scrollWidth > each.clientWidth) return true;
    }
    return false;
  };
  const kinds = "button, input, select, textarea, a[href], summary, h1, h2, h3, h4, p, td";
  const out = [...document.querySelectorAll(kinds)].filter(node => {
    if (!node.checkVisibility() || node.closest(".pal-sr-only, .sr-only, [aria-hidden=true]")) return false;
    const {left, right, width} = node.getBoundingClientRect();
    return width > 1 && (left < -1 || right > innerWidth + 1) && !scrolls(node);
  });
  const named = out.map(node => `${node.tagName} ${node.id} ${node.className} ${node.textContent.trim().slice(0, 40)}`);
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) named.push(`the page is ${wide} wide`);
  return named;
}"""
# Settled: the open tab and dialogs have had the same number of parts for a third of a second.
_PARTS = """() => [...document.querySelectorAll('[role="tabpanel"], dialog[open]')]
  .filter(node => node.checkVisibility()).reduce((sum, node) => sum + node.querySelectorAll("*").length, 0)"""


@cache
def _script() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def settle(page: Any) -> None:
    """Wait until what is shown has stopped growing, at most five seconds."""
    before, same = -1, 0
    for _ in range(50):
        now = page.evaluate(_PARTS)
        same = same + 1 if now == before and now > 0 else 0
        before = now
        if same >= 3:
            return
        page.wait_for_timeout(100)


def faults(page: Any) -> list[str]:
    """Return every serious or critical accessibility fault of what the page shows now, one line each."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_script())
    found: list[str] = page.evaluate(_RUN)
    return found


def sticking_out(page: Any) -> list[str]:
    """Return what can be read or used and lies beside the window, out of reach."""
    found: list[str] = page.evaluate(_STICKING_OUT)
    return found
