"""The credentials that open the server, and how what somebody shows is compared with them.

Every comparison takes a time that does not depend on how much of a secret is right.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass, field

from trainer.errors import ConfigError, Fault

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")


@dataclass(frozen=True)
class AccessPolicy:
    """The credentials that open this server; none at all means loopback only.

    :param api_token: opens the same as the password, for scripts, as `Authorization: Bearer TOKEN`
    :param trusted_hosts: further names under which the server may be addressed, as behind a proxy
    :raises ConfigError: credentials that could never be given, or only half of them
    """

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    api_token: str | None = field(default=None, repr=False)
    trusted_hosts: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse what would leave a door that nobody, or anybody, can open."""
        faults = _credential_faults(self.username, self.password, self.api_token)
        if faults:
            raise ConfigError(faults)

    @property
    def required(self) -> bool:
        """True when credentials are asked for."""
        return self.username is not None

    def password_matches(self, username: str, password: str) -> bool:
        """Compare a login in a time that does not depend on how much of it is right."""
        if self.username is None or self.password is None:
            return False
        # `&`, not `and`: both are compared whatever the first one gives.
        return _same(username, self.username) & _same(password, self.password)

    def token_matches(self, token: str) -> bool:
        """Compare an API token in a time that does not depend on how much of it is right."""
        return self.api_token is not None and _same(token, self.api_token)

    def authorization_matches(self, header: str) -> bool:
        """Tell whether an Authorization header, Basic or Bearer, opens this server."""
        scheme, _, rest = header.partition(" ")
        if scheme.lower() == "bearer":
            return self.token_matches(rest.strip())
        if scheme.lower() != "basic":
            return False
        try:
            text = base64.b64decode(rest.strip(), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            return False
        username, _, password = text.partition(":")
        return self.password_matches(username, password)


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode("utf-8", "surrogatepass"))


def _credential_faults(username: str | None, password: str | None, api_token: str | None) -> list[Fault]:
    faults = []
    if username is not None and password is None:
        faults.append(Fault("password", "is missing", "give --password along with --username"))
    if password is not None and username is None:
        faults.append(Fault("username", "is missing", "give --username along with --password"))
    if username is not None and (not username or username != username.strip() or ":" in username):
        faults.append(Fault("username", "must not be empty, hold a colon, or begin or end with a space"))
    if password is not None and not password:
        faults.append(Fault("password", "must not be empty"))
    if api_token is not None and username is None:
        faults.append(Fault("api_token", "needs a login for the page too", "give --username and --password as well"))
    if api_token is not None and not _TOKEN.fullmatch(api_token):
        faults.append(Fault("api_token", "may hold letters, digits and - . _ ~ + / = only"))
    return faults
