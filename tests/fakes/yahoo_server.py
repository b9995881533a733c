"""A loopback server that plays Yahoo: recorded bodies, made-up charts, and every failure.

The real yfinance client reaches it through `LoopbackSession`, which only rewrites the address.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from monitor.providers.yahoo_session import CHART_PATH, OPTIONS_PATH, CappedSession

NOT_FOUND = (
    b'{"chart":{"result":null,"error":{"code":"Not Found",'
    b'"description":"No data found, symbol may be delisted"}}}'
)
UNAUTHORIZED = (
    b'{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}'
)


@dataclass(frozen=True)
class Reply:
    """One answer. `cut` ends the body after so many bytes; `hang` never answers at all."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    hang: bool = False


Play = Callable[[str], Reply]  # Yahoo symbol → reply
PlayOptions = Callable[[str, int | None], Reply]  # and the asked expiration, epoch seconds


@dataclass
class YahooServer:
    """What the server does now, and what it was asked."""

    port: int
    chart: Play
    options: PlayOptions = lambda _symbol, _date: Reply(status=404, body=b"")
    crumb: str = "crumb-1"
    wanted_crumb: str | None = None  # when set, a chart or chain with another one gets 401
    hang_aux: bool = False
    asked: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def charts(self) -> Counter[str]:
        """Chart requests by Yahoo symbol."""
        return Counter(a.removeprefix(CHART_PATH) for a in self.asked if a.startswith(CHART_PATH))

    @property
    def option_pages(self) -> Counter[str]:
        """Requests for option chains by Yahoo symbol."""
        paths = (a for a in self.asked if a.startswith(OPTIONS_PATH))
        return Counter(path.removeprefix(OPTIONS_PATH) for path in paths)

    def reply(self, target: str) -> Reply:
        url = urlsplit(target)
        path = unquote(url.path)
        self.asked.append(path)
        query = parse_qs(url.query)
        if path.startswith((CHART_PATH, OPTIONS_PATH)):
            crumb = query.get("crumb", [""])[0]
            if self.wanted_crumb is not None and crumb != self.wanted_crumb:
                return Reply(status=401, body=UNAUTHORIZED)
        if path.startswith(CHART_PATH):
            return self.chart(path.removeprefix(CHART_PATH))
        if path.startswith(OPTIONS_PATH):
            asked = query.get("date")
            return self.options(path.removeprefix(OPTIONS_PATH), int(asked[0]) if asked else None)
        if self.hang_aux:
            return Reply(hang=True)
        if path.endswith("/getcrumb"):
            return Reply(body=self.crumb.encode())
        return Reply(status=404, body=b"")  # fc.yahoo.com answers so, and sets its cookie


class LoopbackSession(CappedSession):
    """The monitor's own session with every address rewritten to the loopback server."""

    def __init__(self, server: YahooServer, *, timeout_s: float) -> None:
        super().__init__(timeout_s=timeout_s)
        self._port = server.port

    def request(self, method: Any, url: str, *args: Any, **kwargs: Any) -> Any:
        local = urlsplit(url)._replace(scheme="http", netloc=f"127.0.0.1:{self._port}")
        return super().request(method, local.geturl(), *args, **kwargs)


@contextmanager
def yahoo_server(chart: Play) -> Iterator[YahooServer]:
    """Serve until the block ends; hanging requests are let go then."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            reply = server.reply(self.path)
            if reply.hang:
                server.released.wait(30)
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[: reply.cut])
            if reply.cut is not None:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Quiet."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    server = YahooServer(port=httpd.server_address[1], chart=chart)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def chart_body(
    symbol: str,
    closes: Sequence[float | None],
    *,
    start: datetime,
    step: timedelta = timedelta(minutes=1),
    previous_close: float | None = None,
    exchange: str = "SNP",
    volume: int = 0,
) -> bytes:
    """A v8 chart body in the recorded bodies' form, one bar a `step` from `start`."""
    stamps = [int((start + i * step).timestamp()) for i in range(len(closes))]
    meta: dict[str, Any] = {
        "currency": "USD",
        "symbol": symbol,
        "exchangeName": exchange,
        "instrumentType": "INDEX",
        "exchangeTimezoneName": "America/New_York",
        "timezone": "EDT",
        "gmtoffset": -14400,
        "dataGranularity": "1m",
        "range": "1d",
        "priceHint": 2,
        "validRanges": ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
        "tradingPeriods": [
            [
                {
                    "timezone": "EDT",
                    "start": stamps[0],
                    "end": stamps[-1] + 3600,
                    "gmtoffset": -14400,
                }
            ]
        ],
    }
    if previous_close is not None:
        meta |= {"chartPreviousClose": previous_close, "previousClose": previous_close}
    volumes = [None if c is None else volume for c in closes]
    quote = {"open": closes, "high": closes, "low": closes, "close": closes, "volume": volumes}
    result = {"meta": meta, "timestamp": stamps, "indicators": {"quote": [quote]}}
    return json.dumps({"chart": {"result": [result], "error": None}}).encode()
