"""The guides of the Help tab: Markdown files in, plain trees out, of which the browser builds elements.

A tree holds texts and the few kinds of elements below, nothing else: markup in a guide is text, an address is ours or
https, and no attribute but these reaches the page. `guides/<language>/<name>.md` begins with `# Title`; a heading may
end in `{#anchor}`, which is the same in every language, so that an address keeps its meaning. A link whose title is
"button" is drawn as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ui.catalogue import ENGLISH, languages

GUIDES = Path(__file__).parent / "guides"
ORDER = (
    "first-agent",
    "atari",
    "continuous-control",
    "reading-the-curves",
    "when-it-does-not-learn",
    "sharing-safely",
)
"""Names of the guides as the list shows them."""

_HEADINGS = ("h2", "h3")
_TABLES = ("table", "thead", "tbody", "tr", "th", "td")
_ELEMENTS = frozenset(
    (*_HEADINGS, *_TABLES, *("p", "ul", "ol", "li", "strong", "em", "code", "pre", "blockquote", "a", "br", "hr"))
)
# A space that stands for the end of a line, between two letters of a script that puts none between its words.
_BETWEEN = re.compile(r"(?<=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]) (?=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])")
_ANCHOR = re.compile(r"\s*\{#([a-z0-9-]+)\}$")
_ADDRESS = re.compile(r"#[a-z]+(/[^\s\"<>]*)?|https://[^\s\"<>]+")

Node = list[Any]
"""`[element, attributes, *children]`; a child is a text or a Node."""


@cache
def guides(language: str) -> list[dict[str, Any]]:
    """Return every guide in a language, and in English those that it lacks.

    :return: dictionaries of `name`, `title`, `language` and `nodes`
    """
    chosen = language if language in languages() else ENGLISH
    return [_guide(name, chosen) for name in ORDER]


def _guide(name: str, language: str) -> dict[str, Any]:
    path = GUIDES / language / f"{name}.md"
    if not path.is_file():
        language, path = ENGLISH, GUIDES / ENGLISH / f"{name}.md"
    title, nodes = parse(path.read_text(encoding="utf-8"))
    return {"name": name, "title": title, "language": language, "nodes": nodes}


def parse(text: str) -> tuple[str, list[Node]]:
    """Return the title of a Markdown text and the rest of it as trees.

    :raises ValueError: the text has no title, or something that a guide may not hold
    """
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    root: Node = ["", {}]
    title = ""
    for node in _tree(iter(reader.parse(text)), root)[2:]:
        if node[0] == "h1":
            title = "".join(_texts(node))
            root.remove(node)
    if not title:
        raise ValueError("a guide begins with its title, as # Title")
    return title, root[2:]


def _tree(tokens: Iterator[Token], parent: Node) -> Node:
    """Append what stands before the end of `parent` to it."""
    for token in tokens:
        if token.nesting < 0:
            break
        if token.type == "inline":
            _tree(iter(token.children or ()), parent)
        elif token.nesting > 0:
            node = _tree(tokens, [token.tag, _attributes(token)])
            if token.hidden:  # the paragraph of a list item without blank lines around it
                parent.extend(node[2:])
            else:
                _append(parent, _anchored(node))
        else:
            _append(parent, _single(token))
    return parent


def _append(parent: Node, node: Node | str) -> None:
    if isinstance(node, str) and isinstance(parent[-1], str):
        parent[-1] = _BETWEEN.sub("", parent[-1] + node)
        return
    if isinstance(node, str) or node[0] in _ELEMENTS or node[0] == "h1":
        parent.append(node)
    else:
        raise ValueError(f"a guide holds no <{node[0]}>")


def _single(token: Token) -> Node | str:
    if token.type in ("text", "text_special"):
        return token.content
    if token.type == "softbreak":
        return " "
    if token.type == "code_inline":
        return ["code", {}, token.content]
    if token.type in ("fence", "code_block"):
        return ["pre", {}, token.content.rstrip("\n")]
    return [token.tag, {}]


def _attributes(token: Token) -> dict[str, str]:
    if token.tag != "a":
        return {}
    address = str(token.attrGet("href") or "")
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"a guide does not lead to {address}")
    button = {"button": "true"} if token.attrGet("title") == "button" else {}
    return {"href": address, **button}


def _anchored(node: Node) -> Node:
    """Take `{#anchor}` from the end of a heading and make it the heading's."""
    if node[0] in _HEADINGS and isinstance(node[-1], str) and (found := _ANCHOR.search(node[-1])):
        node[1]["anchor"] = found[1]
        node[-1] = node[-1][: found.start()]
    return node


def _texts(node: Sequence[Any]) -> Iterator[str]:
    for child in node[2:]:
        if isinstance(child, str):
            yield child
        else:
            yield from _texts(child)
