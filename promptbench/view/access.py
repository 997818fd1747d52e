"""Who may look: the headers of a request in; whether it comes from us and holds the token out."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from email.message import Message

TOKEN_BYTES = 16
# What a browser calls a request that no other site had a hand in.
OWN_SITES = ("same-origin", "none")


@dataclass(frozen=True, slots=True)
class Access:
    """A server's port and the token that opens it: 128 random bits, new at every start."""

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES), repr=False)

    @property
    def hosts(self) -> tuple[str, str]:
        """The names that a request may call this server by."""
        return f"127.0.0.1:{self.port}", f"localhost:{self.port}"

    @property
    def cookie(self) -> str:
        """The cookie's name. Cookies do not know ports, so it tells them apart."""
        return f"promptbench-{self.port}"

    def set_cookie(self) -> str:
        """The header that gives a browser the token to keep until it is closed."""
        return f"{self.cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict"

    def is_ours(self, headers: Message) -> bool:
        """Whether a request calls us by our name, and no page of another site sent it.

        A site whose name was made to point here (DNS rebinding) still sends its own name.
        """
        hosts = headers.get_all("Host") or []
        origins = headers.get_all("Origin") or []
        sites = headers.get_all("Sec-Fetch-Site") or []
        return (
            len(hosts) == 1
            and hosts[0] in self.hosts
            and all(origin == f"http://{hosts[0]}" for origin in origins)
            and all(site in OWN_SITES for site in sites)
        )

    def opens(self, token: str) -> bool:
        """Whether this is the token; how long that takes tells nothing of it."""
        return hmac.compare_digest(
            token.encode("utf-8", "replace"), self.token.encode("utf-8", "replace")
        )

    def is_known(self, headers: Message) -> bool:
        """Whether a request brings the cookie that it was given."""
        parts = (part for line in headers.get_all("Cookie") or [] for part in line.split(";"))
        pairs = (part.strip().partition("=") for part in parts)
        return any(name == self.cookie and self.opens(value) for name, _, value in pairs)
