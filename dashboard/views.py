"""Routes. HTML and JSON come from one view model; nothing in a request becomes a path."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import msgspec
from flask import Flask, Response, abort, make_response, render_template, request, send_file

from dashboard.plotly_asset import PlotlyAsset
from dashboard.snapshot_source import Loaded, Reading, SnapshotSource
from dashboard.view_model import build_page, is_stale, page_clock
from monitor.clock import Clock

TICKER = re.compile(r"[A-Z0-9^][A-Z0-9.^=_-]{0,14}")
POSITION = re.compile(r"[0-9a-f]{1,32}")
FOREVER = "public, max-age=31536000, immutable"


class PageViews:
    """The routes with what they need. `run_id` makes tags of an earlier release invalid."""

    def __init__(
        self, source: SnapshotSource, clock: Clock, plotly: PlotlyAsset, *, run_id: str
    ) -> None:
        self._source = source
        self._clock = clock
        self._plotly = plotly
        self._run_id = run_id

    def register(self, app: Flask) -> None:
        for rule, view in (
            ("/", self.index),
            ("/fragment", self.fragment),
            ("/page.json", self.page_json),
            ("/data.json", self.data_json),
            ("/charts/<ticker>.json", self.chart),
            ("/charts/positions/<position_id>.json", self.history),
            ("/plotly.js", self.plotly_js),
            ("/healthz", self.healthz),
            ("/readyz", self.readyz),
            ("/metrics", self.metrics),
        ):
            app.add_url_rule(rule, view.__name__, view, methods=["GET"])

    def index(self) -> Response:
        """The whole page, readable as it arrives; scripts only keep it fresh."""
        page = build_page(self._source.read(), self._clock.now())
        html = render_template("page.html", page=page, plotly_version=self._plotly.version())
        return self._fresh(make_response(html))

    def fragment(self) -> Response:
        """The panels alone, for the page to swap in; 304 while they say the same."""
        return self._if_changed(
            lambda reading, now: make_response(
                render_template("panels.html", page=build_page(reading, now))
            )
        )

    def page_json(self) -> Response:
        """The view model: every text of the page."""
        return self._if_changed(
            lambda reading, now: _json(msgspec.json.encode(build_page(reading, now)))
        )

    def data_json(self) -> Response:
        """The snapshot itself, as the monitor wrote it."""

        def render(reading: Reading, _now: datetime) -> Response:
            if isinstance(reading, Loaded):
                return _json(reading.raw)
            page = build_page(reading, self._clock.now())
            return _failure(page.status.detail, page.status.hint)

        return self._if_changed(render)

    def chart(self, ticker: str) -> Response:
        """One watched ticker's session; any other name is 404 and touches no file."""
        reading = self._source.read()
        watched = isinstance(reading, Loaded) and any(
            market.ticker == ticker for market in reading.parts.markets
        )
        if not watched or not TICKER.fullmatch(ticker):
            abort(404, "Not a watched ticker.")
        return self._series(ticker, b'{"schema_version":1,"price":[],"vix":[]}')

    def history(self, position_id: str) -> Response:
        """The P&L of one shown position so far; any other name touches no file.

        One that was just closed has none: a page that still shows it asks once more.
        """
        if not POSITION.fullmatch(position_id):
            abort(404, "Not a position.")
        reading = self._source.read()
        shown = isinstance(reading, Loaded) and any(
            position.id == position_id for position in reading.parts.positions
        )
        empty = b'{"schema_version":1,"pnl":[]}'
        return self._series(f"position-{position_id}", empty) if shown else _json(empty)

    def _series(self, name: str, empty: bytes) -> Response:
        raw = self._source.chart(name)
        if raw is None:
            return _json(empty)
        response = _json(raw)
        response.add_etag()
        response.make_conditional(request)
        return response

    def plotly_js(self) -> Response:
        path = self._plotly.path()
        if path is None:
            abort(404, "The plotly package is not installed; everything but charts works.")
        if request.accept_encodings.quality("gzip") > 0:
            response = Response(self._plotly.gzipped(path), mimetype="text/javascript")
            response.headers["Content-Encoding"] = "gzip"
        else:
            response = send_file(path, mimetype="text/javascript")
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = FOREVER
        return response

    def healthz(self) -> Response:
        """200 while the page itself serves; the body says what it has to show."""
        reading = self._source.read()
        now = self._clock.now()
        status = build_page(reading, now).status
        return _json(
            msgspec.json.encode(
                {
                    "schema_version": 1,
                    "ok": True,
                    "snapshot": status.state,
                    "monitor": status.monitor_state,
                    "generated_at": status.generated.iso if status.generated else None,
                }
            )
        )

    def readyz(self) -> Response:
        """200 while a running monitor is on time, else 503 with the reason."""
        from dashboard.metrics import ready

        why = ready(self._source.read(), self._clock.now())
        response = _json(msgspec.json.encode({"schema_version": 1, "ok": why is None, "why": why}))
        response.status_code = 200 if why is None else 503
        return response

    def metrics(self) -> Response:
        """For Prometheus."""
        from dashboard.metrics import render_metrics  # only where somebody asks

        body = render_metrics(self._source.read(), self._clock.now())
        return Response(body, mimetype="text/plain", headers={"Cache-Control": "no-cache"})

    def _if_changed(self, render: Callable[[Reading, datetime], Response]) -> Response:
        reading = self._source.read()
        now = self._clock.now()
        seen = page_clock(reading, now)
        late = isinstance(reading, Loaded) and is_stale(reading.parts, seen)
        tag = f"{self._run_id}-{reading.fingerprint}-{'stale' if late else 'fresh'}"
        if tag in request.if_none_match:
            response = Response(status=304)
        else:
            response = render(reading, now)
        response.set_etag(tag)
        response.headers["X-Page-Clock"] = f"{seen.timestamp():.3f}"
        return self._fresh(response)

    @staticmethod
    def _fresh(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-cache"
        return response


def _json(raw: bytes) -> Response:
    return Response(raw, mimetype="application/json", headers={"Cache-Control": "no-cache"})


def _failure(message: str, hint: str) -> Response:
    error = {"type": "DataError", "message": message, "hint": hint}
    response = _json(msgspec.json.encode({"ok": False, "schema_version": 1, "error": error}))
    response.status_code = 503
    return response
