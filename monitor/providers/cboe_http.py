"""Asking Cboe's public server: one capped request, and what its refusals mean."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeVar

import requests

from monitor.errors import PayloadError, RateLimitedError, UnknownSymbolError, UnreachableError

NAME = "cboe"

T = TypeVar("T")


def fetch(
    session: requests.Session,
    url: str,
    *,
    symbol: str,
    what: str,
    limit_s: float,
    headers: Mapping[str, str] | None = None,
) -> requests.Response:
    """One GET, body included, within `limit_s`; statuses without a meaning of their own pass.

    Args:
        what: What of the symbol is asked for, for the message when there is none.

    Raises:
        ProviderError: No answer in time, too often (429), or no such thing (403, 404).
    """
    half = limit_s / 2

    def ask() -> requests.Response:
        return session.get(url, timeout=(half, half), headers=headers)

    try:
        response = within(limit_s, ask)
    except (TimeoutError, requests.Timeout) as error:
        raise _silent(symbol, f"did not answer within {limit_s:g} s") from error
    except requests.ConnectionError as error:
        raise _silent(symbol, "cannot be reached: is the network up?") from error
    except requests.RequestException as error:
        raise broken(symbol, f"broke off its answer ({type(error).__name__})") from error
    if response.status_code == 429:
        after = response.headers.get("Retry-After", "")
        wait = timedelta(seconds=min(int(after), 86_400)) if after.isdigit() else None
        raise RateLimitedError(
            "cboe says we ask too often (429)",
            source=NAME,
            symbol=symbol,
            retryable=True,
            retry_after=wait,
        )
    if response.status_code in (403, 404):
        raise UnknownSymbolError(
            f"cboe has no {what} of {symbol} ({response.status_code})", source=NAME, symbol=symbol
        )
    return response


def within(seconds: float, ask: Callable[[], T]) -> T:
    """Run `ask` in a thread and stop waiting after `seconds`.

    requests limits neither the name look-up nor a body that trickles. The thread left behind
    is a daemon: it cannot hold up the end of the process.

    Raises:
        TimeoutError: No answer in time.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(ask())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            failure.append(error)

    thread = threading.Thread(target=run, name="cboe", daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        raise failure[0]
    if not outcome:
        raise TimeoutError
    return outcome[0]


def broken(symbol: str, what: str) -> PayloadError:
    return PayloadError(f"cboe {what}: temporary", source=NAME, symbol=symbol, retryable=True)


def _silent(symbol: str, what: str) -> UnreachableError:
    return UnreachableError(
        f"cboe {what}", source=NAME, symbol=symbol, retryable=True, hint="check the network"
    )
