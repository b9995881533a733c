"""The application factory: a snapshot source and a clock in, a WSGI application out."""

from __future__ import annotations

import mimetypes
import secrets

import jinja2
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from dashboard.login import Sessions, require_login
from dashboard.plotly_asset import PlotlyAsset
from dashboard.security import LOOPBACK_NAMES, harden
from dashboard.snapshot_source import SnapshotSource
from dashboard.view_model import title
from dashboard.views import PageViews
from monitor.clock import Clock

PANEL_NAMES = (
    ("market", "Market"),
    ("positions", "Positions"),
    ("portfolio", "Portfolio"),
    ("health", "Health"),
    ("opportunities", "Opportunities"),
    ("charts", "Charts"),
    ("alerts", "Alerts"),
    ("funnel", "Funnel"),
)
"""Panels by their key on the keyboard: id and name, 1 first."""


def create_app(
    snapshot_source: SnapshotSource,
    clock: Clock,
    *,
    hosts: tuple[str, ...] = LOOPBACK_NAMES,
    token: str = "",
) -> Flask:
    """Make the page. It reads `snapshot_source` and nothing else.

    Args:
        hosts: Names by which browsers may call it, without port; others get 400.
        token: What opens it; empty: it is open to whoever reaches it.
    """
    # Windows may know .js as text/plain, which browsers then refuse to run.
    mimetypes.add_type("text/javascript", ".js")
    app = Flask("dashboard")
    app.jinja_env.undefined = jinja2.StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["title"] = title
    app.jinja_env.globals["panel_names"] = PANEL_NAMES
    for name in app.jinja_env.list_templates(extensions=["html"]):
        app.jinja_env.get_template(name)  # compiled now, so that the first reader does not wait
    harden(app, hosts)
    if token:
        require_login(app, Sessions(token, clock))
    app.jinja_env.globals["has_login"] = bool(token)
    app.register_error_handler(HTTPException, _plain_error)
    views = PageViews(snapshot_source, clock, PlotlyAsset(), run_id=secrets.token_hex(4))
    views.register(app)
    return app


def _plain_error(error: HTTPException) -> Response:
    """Errors as plain text: nothing of the request is repeated as HTML."""
    body = f"{error.code} {error.name}\n{error.description or ''}\n"
    return Response(body, status=error.code or 500, mimetype="text/plain")
