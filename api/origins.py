"""Where a request comes from, judged by what a browser cannot be made to lie about.

Pure functions on header values. A browser sets Host, Origin and Sec-Fetch-* itself; a page's script cannot. A
program that is no browser sends no Origin and no Sec-Fetch-*, and is not the one these checks protect from.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FRAMES = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})


def host_name(authority: str) -> str:
    """Return the name in a Host header, without port, in lower case; empty when it is malformed."""
    try:
        parts = urlsplit(f"//{authority}")
    except ValueError:
        return ""
    return "" if parts.username is not None else (parts.hostname or "").rstrip(".")


def is_loopback(name: str) -> bool:
    """Tell whether a name or address can only mean the machine itself."""
    if name == "localhost":
        return True
    address = ip_address(name)
    return address is not None and address.is_loopback


def ip_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an address, an IPv4 one also where IPv6 carries it (`::ffff:127.0.0.1`); None for anything else."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def is_foreign(headers: Headers, method: str | None, trusted_hosts: Collection[str]) -> bool:
    """Tell whether a browser sends this on behalf of another site's page.

    :param method: of an HTTP request; None for a WebSocket, which has no preflight and no same-origin rule
    :param trusted_hosts: names whose pages count as ours
    """
    origin = headers.get("origin")
    if origin is not None and _same_origin(origin, headers.get("host", ""), trusted_hosts):
        return False
    site = headers.get("sec-fetch-site")
    if site is None:
        return origin is not None
    if site in ("same-origin", "none"):
        return False
    # A link from elsewhere may lead here; it may not act, and it may not put the page into a frame of its own.
    follows_link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") not in _FRAMES
    return not (follows_link and method in _SAFE_METHODS)


def _same_origin(origin: str, host: str, trusted_hosts: Collection[str]) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return False
    return parts.netloc.lower() == host.lower() or host_name(parts.netloc) in trusted_hosts
