"""What the page refuses and what it tells browsers: it is for one person alone.

Other web pages may make a browser send requests here (a form, a rebound host name), so the
host is checked, nothing but reading is served, and answers may not be framed or read elsewhere.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

from monitor.errors import ConfigError

MAX_BODY = 64 * 1024
"""Bytes. Only the log-in form reads one."""

CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # plotly draws its hover cursor from a data: URL
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",  # the log-in
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

CHANGING_ENDPOINTS = frozenset({"login", "logout"})
PORT = re.compile(r":\d+$")
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


LEAST_TOKEN = 16


def listening_address(host: str, *, token: str = "") -> str:
    """The address to bind for `host`.

    Raises:
        ConfigError: It is no address; or other machines could reach it and there is no token, or
            one that can be guessed.
    """
    address = "127.0.0.1" if host == "localhost" else host.strip("[]")
    try:
        loopback: bool | None = ipaddress.ip_address(address).is_loopback
    except ValueError:
        loopback = None
    if not loopback and not token:
        raise ConfigError(
            f"the page will not listen on {host!r}: without a token only this machine may read it "
            "(allowed: 127.0.0.1, localhost, ::1)",
            hint="leave --host away and use a tunnel: ssh -L 5000:127.0.0.1:5000 "
            f"you@this-machine; or set dashboard.token ({LEAST_TOKEN} characters or more)",
        )
    if token and len(token) < LEAST_TOKEN:
        raise ConfigError(
            f"dashboard.token has {len(token)} characters: {LEAST_TOKEN} or more are needed",
            hint='python -c "import secrets; print(secrets.token_urlsafe())" makes one',
        )
    if loopback is None:
        raise ConfigError(
            f"the page cannot listen on {host!r}: it is no address of this machine",
            hint="give one as 127.0.0.1, ::1, 192.168.1.20 or, for all of them, 0.0.0.0",
        )
    return address


def is_public(address: str) -> bool:
    """Whether other machines can reach the address."""
    return not ipaddress.ip_address(address).is_loopback


def harden(app: Flask, hosts: tuple[str, ...]) -> None:
    """Check every request before its route and put the headers on every answer."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.before_request(lambda: _guard(frozenset(name.lower() for name in hosts)))
    app.after_request(_add_headers)


def _guard(hosts: frozenset[str]) -> None:
    # Not Flask's TRUSTED_HOSTS: that one cannot name an IPv6 address.
    if PORT.sub("", request.host).lower() not in hosts:
        abort(400, "This page answers to its own names only (setting dashboard.names).")
    if (request.content_length or 0) > MAX_BODY:
        abort(413, f"This page takes no such bodies (limit {MAX_BODY} bytes).")
    if request.method in ("GET", "HEAD"):
        return
    # A TLS proxy in front speaks http to us and https to the browser: the host decides.
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        abort(403, "Requests from other pages are refused.")
    if request.endpoint not in CHANGING_ENDPOINTS:
        abort(405, "This page only shows; it changes nothing.")


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
