"""What the page refuses and what it tells browsers: it is for this machine's person alone.

Other web pages may make a browser send requests here (a form, a rebound host name), so the
host is checked, nothing but reading is served, and answers may not be framed or read elsewhere.
"""

from __future__ import annotations

import ipaddress
import re

from flask import Flask, Response, abort, request

from monitor.errors import ConfigError

MAX_BODY = 64 * 1024
"""Bytes. Nothing here reads a body at all."""

CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # plotly draws its hover cursor from a data: URL
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
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

PORT = re.compile(r":\d+$")
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


def loopback_address(host: str) -> str:
    """The address to bind for `host`.

    Raises:
        ConfigError: `host` is not this machine's loopback; other machines could then read the
            positions, since the page has no log-in.
    """
    if host == "localhost":
        return "127.0.0.1"
    try:
        if ipaddress.ip_address(host.strip("[]")).is_loopback:
            return host.strip("[]")
    except ValueError:
        pass
    raise ConfigError(
        f"the page will not listen on {host!r}: without a log-in only this machine may read it "
        "(allowed: 127.0.0.1, localhost, ::1)",
        hint="leave --host away; from another machine use a tunnel: "
        "ssh -L 5000:127.0.0.1:5000 you@this-machine. A log-in token comes with a later release.",
    )


def harden(app: Flask, hosts: tuple[str, ...]) -> None:
    """Check every request before its route and put the headers on every answer."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.before_request(lambda: _guard(frozenset(hosts)))
    app.after_request(_add_headers)


def _guard(hosts: frozenset[str]) -> None:
    # Not Flask's TRUSTED_HOSTS: that one cannot name an IPv6 address.
    if PORT.sub("", request.host).lower() not in hosts:
        abort(400, "This page answers to this machine's own names only.")
    if (request.content_length or 0) > MAX_BODY:
        abort(413, f"This page takes no bodies (limit {MAX_BODY} bytes).")
    if request.method in ("GET", "HEAD"):
        return
    if request.headers.get("Origin", request.host_url.rstrip("/")) != request.host_url.rstrip("/"):
        abort(403, "Requests from other pages are refused.")
    abort(405, "This page only shows; it changes nothing.")


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
