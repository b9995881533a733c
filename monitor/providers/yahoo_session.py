"""The one HTTP session of the Yahoo client: every request capped, every answer looked at.

yfinance asks for a cookie, a consent page and a crumb before its data, each with time limits
of its own, answers any 4xx with a new cookie and another try, and hides what the server said.
Judging at the session keeps a cycle short and names the real cause. Imports curl_cffi, so
import it late.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlsplit

from curl_cffi import requests as curl

from monitor.errors import PayloadError, ProviderError, RateLimitedError, UnreachableError

SOURCE = "yahoo"
CHART_PATH = "/v8/finance/chart/"
OPTIONS_PATH = "/v7/finance/options/"


class NoSuchSymbol(Exception):
    """The data endpoints' own "Not Found"; the caller knows the symbol."""


class CappedSession(curl.Session):  # type: ignore[type-arg]
    """A curl session whose `request` caps the time and raises on what yfinance would hide.

    Only requests for charts and option chains are judged. For charts yfinance does without a
    cookie or a crumb (their addresses are on many block lists), so those may fail as they like,
    but soon.

    Args:
        timeout_s: Limit of one request for data; auxiliary ones get a third of it.
    """

    def __init__(self, *, timeout_s: float, **options: Any) -> None:
        super().__init__(**{"impersonate": "chrome", **options})
        self.timeout_s = timeout_s
        self._refused = False

    def request(self, method: Any, url: str, *args: Any, **kwargs: Any) -> Any:
        path = urlsplit(url).path
        data = CHART_PATH in path or OPTIONS_PATH in path
        half = self.timeout_s / 2
        kwargs["timeout"] = (half, half) if data else self.timeout_s / 3
        try:
            response = super().request(method, url, *args, **kwargs)
        except curl.exceptions.RequestException as error:
            if not data:
                raise
            raise _no_answer(error, self.timeout_s) from error
        if data:
            self._judge(response)
        return response

    def _judge(self, response: Any) -> None:
        """Raise on the statuses that a new cookie cannot mend; the first 401 it can."""
        status = response.status_code
        refused, self._refused = self._refused, status == 401
        if status == 200 or (status == 401 and not refused):
            return
        self._refused = False
        if status == 429:
            raise RateLimitedError(
                "yahoo says we ask too often (429)",
                source=SOURCE,
                retryable=True,
                retry_after=retry_after(response.headers.get("Retry-After")),
                hint="it is left alone for a while; a longer --data-interval asks less",
            )
        error = _error(response)
        if status == 404 and error.get("code") == "Not Found":
            raise NoSuchSymbol
        if status in (400, 422) and error:
            why = str(error.get("description", "no reason given"))[:200]
            raise ProviderError(
                f"yahoo refuses the request ({status}): {why}", source=SOURCE, retryable=False
            )
        raise _broken(f"answered {status}")


def _no_answer(error: curl.exceptions.RequestException, timeout_s: float) -> ProviderError:
    kinds = curl.exceptions
    if isinstance(error, kinds.DNSError):
        return _unreachable("has no address from here: is the network up?")
    if isinstance(error, kinds.Timeout):
        return _unreachable(f"did not answer within {timeout_s:g} s")
    if isinstance(error, (kinds.ConnectionError, kinds.ProxyError)):
        return _unreachable("cannot be reached")
    return _broken("broke off its answer")


def retry_after(value: str | None) -> timedelta | None:
    """Read a Retry-After header, in seconds (at most a day); None when it says nothing usable."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return timedelta(seconds=min(int(text), 86_400))
    return None


def _error(response: Any) -> dict[str, Any]:
    try:
        answer = json.loads(response.content)
        error = next(part["error"] for part in answer.values())  # under the endpoint's own name
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return {}
    return cast("dict[str, Any]", error) if isinstance(error, dict) else {}


def _unreachable(what: str) -> UnreachableError:
    return UnreachableError(
        f"yahoo {what}", source=SOURCE, retryable=True, hint="check the network"
    )


def _broken(what: str) -> PayloadError:
    return PayloadError(f"yahoo {what}: temporary", source=SOURCE, retryable=True)
