"""The one-way flow and the purity of the core, read from the source itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("monitor", "dashboard", "positions_cli")

# Effects: clocks, randomness of its own, disk, network, processes, other people's threads.
IMPURE = {
    "asyncio", "ctypes", "curl_cffi", "flask", "glob", "io", "logging.handlers", "multiprocessing",
    "os", "random", "requests", "secrets", "select", "shutil", "signal", "socket", "sqlalchemy",
    "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid", "waitress",
    "yfinance", "apscheduler", "exchange_calendars", "http", "click", "rich",
}  # fmt: skip
NOW_CALLS = {"now", "today", "utcnow", "monotonic", "perf_counter", "time_ns"}

# package → what it must not import; everything right of it in the flow of docs and house style
FORBIDDEN = {
    "monitor.domain": (
        "monitor.providers", "monitor.store", "monitor.notify", "monitor.runtime", "monitor.cli",
        "monitor.demo", "monitor.app", "dashboard", "positions_cli",
    ),
    "monitor.providers": (
        "monitor.store", "monitor.notify", "monitor.runtime", "monitor.cli", "monitor.app",
        "dashboard", "positions_cli",
    ),
    "monitor.store": (
        "monitor.providers", "monitor.notify", "monitor.runtime", "monitor.cli", "monitor.app",
        "dashboard", "positions_cli",
    ),
    "monitor.notify": ("monitor.providers", "monitor.cli", "monitor.app", "dashboard",
                       "positions_cli"),
    "monitor.demo": ("monitor.notify", "monitor.runtime", "monitor.cli", "monitor.app",
                     "dashboard", "positions_cli"),
    "monitor.runtime": ("monitor.cli", "positions_cli"),
    "dashboard": ("monitor.providers", "monitor.domain.scan", "monitor.domain.regime",
                  "monitor.notify", "monitor.demo", "positions_cli", "yfinance", "requests"),
    "positions_cli": ("monitor.notify", "monitor.demo", "dashboard", "yfinance", "requests"),
}  # fmt: skip

BROKERS = {
    "alpaca", "alpaca_trade_api", "ccxt", "etrade", "futu", "ib_async", "ib_insync", "ibapi",
    "kiteconnect", "lumibot", "moomoo", "pyetrade", "robin_stocks", "schwab", "schwabdev",
    "tastytrade", "tda", "tradestation", "webull",
}  # fmt: skip


BROKER_HOSTS = (
    "alpaca.markets", "api.ibkr.com", "api.robinhood.com", "api.tastyworks.com",
    "api.tastytrade.com", "api.tradestation.com", "api.tradier.com", "clientportal.ibkr",
    "etrade.com", "iserver/account", "schwabapi.com", "tdameritrade.com", "webullfintech.com",
    "/orders", "place_order", "placeorder",
)  # fmt: skip


def imports(source: str) -> Iterator[tuple[str, int]]:
    """Every imported module, `from a import b` as both `a` and `a.b` (b may be a module)."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            module = node.module or ""
            yield module, node.lineno
            yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)


def importing(source: str, forbidden: tuple[str, ...] | set[str]) -> list[str]:
    """Imports that are, or lie inside, one of the forbidden modules."""
    return [
        f"line {line}: {name}"
        for name, line in imports(source)
        if any(name == bad or name.startswith(bad + ".") for bad in forbidden)
    ]


def calls_of_now(source: str) -> list[str]:
    """`datetime.now()`, `date.today()`, `time.time()` and their like, however reached."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            is_time = node.func.attr == "time" and isinstance(owner, ast.Name)
            if node.func.attr in NOW_CALLS or (is_time and owner.id == "time"):
                found.append(f"line {node.lineno}: {ast.unparse(node.func)}()")
    return found


def print_calls(source: str) -> list[str]:
    return [
        f"line {node.lineno}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]


def modules(package: str) -> list[Path]:
    folder = REPOSITORY / package.replace(".", "/")
    return sorted(folder.rglob("*.py")) if folder.is_dir() else []


def circle(sources: dict[str, str]) -> list[str]:
    """Modules that import each other in a ring, late imports and those for types included."""
    needs = {
        name: {found for found, _ in imports(source) if found in sources and found != name}
        for name, source in sources.items()
    }
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def offences(paths: list[Path], check) -> dict[str, list[str]]:  # type: ignore[no-untyped-def]
    found = {str(p.relative_to(REPOSITORY)): check(p.read_text("utf-8")) for p in paths}
    return {path: lines for path, lines in found.items() if lines}


@pytest.mark.parametrize("package", sorted(FORBIDDEN))
def test_nothing_imports_from_its_right(package: str) -> None:
    assert offences(modules(package), lambda s: importing(s, FORBIDDEN[package])) == {}


def test_no_modules_import_each_other_in_a_circle() -> None:
    sources = {
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts): path.read_text("utf-8")
        for package in PACKAGES
        for path in modules(package)
    }
    assert circle(sources) == []


def test_the_domain_has_no_effects() -> None:
    assert len(modules("monitor.domain")) > 5
    assert offences(modules("monitor.domain"), lambda s: importing(s, IMPURE)) == {}


def test_the_domain_never_asks_what_time_it_is() -> None:
    assert offences(modules("monitor.domain"), calls_of_now) == {}


def test_only_the_clock_reads_the_machines_time() -> None:
    """Providers, store and commands are given a clock or `now`."""
    exempt = {
        "monitor/clock.py",
        "monitor/runtime/loop.py",  # its timer waits on the machine's clock, whatever the cycle's
        "monitor/store/upgrade.py",  # names the backup file; decides nothing
    }
    paths = [
        path
        for package in PACKAGES
        for path in modules(package)
        if str(path.relative_to(REPOSITORY)) not in exempt
    ]
    direct = offences(paths, lambda s: [c for c in calls_of_now(s) if "datetime.now" in c])
    assert direct == {}


def test_domain_randomness_is_passed_in() -> None:
    paths = modules("monitor.domain")
    seeding = offences(paths, lambda s: ["default_rng"] if "default_rng" in s else [])
    assert seeding == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_prints(package: str) -> None:
    assert offences(modules(package), print_calls) == {}


def test_no_broker_library_is_imported_or_required() -> None:
    """It never sends an order: there is nothing here that could."""
    paths = [p for package in PACKAGES for p in modules(package)]
    assert offences(paths, lambda s: importing(s, BROKERS)) == {}
    required = (REPOSITORY / "requirements.lock").read_text("utf-8")
    names = {line.split("==")[0].replace("-", "_") for line in required.splitlines()}
    assert names & BROKERS == set()


def broker_places(source: str) -> list[str]:
    """Hosts and paths at which brokers take orders."""
    return [place for place in BROKER_HOSTS if place in source.lower()]


def test_no_brokers_address_stands_in_the_code() -> None:
    paths = [p for package in PACKAGES for p in modules(package)]
    assert offences(paths, broker_places) == {}


@pytest.mark.parametrize(
    ("source", "check"),
    [
        ("from monitor.store import engine", lambda s: importing(s, FORBIDDEN["monitor.domain"])),
        ("from monitor import providers", lambda s: importing(s, FORBIDDEN["dashboard"])),
        ("import os.path", lambda s: importing(s, IMPURE)),
        ("def f():\n    from random import random", lambda s: importing(s, IMPURE)),
        ("import datetime as d\nd.datetime.now()", calls_of_now),
        ("import time\ntime.time()", calls_of_now),
        ("date.today()", calls_of_now),
        ("print('x')", print_calls),
        ("def f():\n    import b", lambda s: circle({"a": s, "b": "from a import x"})),
        ("import ib_insync", lambda s: importing(s, BROKERS)),
        ("post('https://api.schwabapi.com/trader/v1/accounts/1/orders')", broker_places),
    ],
)
def test_each_check_finds_what_it_looks_for(source, check) -> None:  # type: ignore[no-untyped-def]
    assert check(source)


def test_checks_do_not_mistake_a_clock_for_the_machines_time() -> None:
    assert importing("from monitor.domain import quotes", FORBIDDEN["monitor.domain"]) == []
    assert importing("import timeit, osmosis", IMPURE) == []
    assert calls_of_now("session.time()\nnow(1)") == []


def test_the_running_monitor_loads_neither_numba_nor_scipy() -> None:
    """Its start must not wait for them; a model price loads SciPy when one is needed."""
    code = (
        "import sys, monitor.app, monitor.runtime.runner, monitor.domain.resolve;"
        "print([m for m in ('numba', 'scipy', 'pandas') if m in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
    ).stdout
    assert printed.strip() == "[]"
