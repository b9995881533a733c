"""A PostgreSQL server of the tests' own, on loopback, that may be stopped and killed."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fakes.processes import dead_port

USER = "postgres"  # the server refuses to run as root


def programs() -> Path | None:
    """Where initdb lies; None where PostgreSQL is not installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


@dataclass
class PostgresServer:
    """One cluster; every test takes a database of its own."""

    bin: Path
    folder: Path
    port: int
    process: subprocess.Popen[bytes] = field(init=False)
    _numbers: count[int] = field(default_factory=count)

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                str(self.bin / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port),
                "-c", "listen_addresses=127.0.0.1", "-k", str(self.folder), "-c", "fsync=off",
            ],
            **self._as_owner(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for _ in range(600):
            with suppress(psycopg.OperationalError):
                psycopg.connect(self._url("postgres")).close()
                return
            time.sleep(0.05)
        raise AssertionError("PostgreSQL does not answer")

    def crash(self) -> None:
        """Connections are cut, nothing is written any more: PostgreSQL's "immediate" stop."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)

    def new_database(self) -> str:
        """A URL of an empty database."""
        name = f"condors{next(self._numbers)}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self._url(name)

    def _url(self, name: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    def _as_owner(self) -> dict[str, Any]:
        return {
            "cwd": self.folder,
            "user": USER if os.geteuid() == 0 else None,
            "env": {"PATH": os.environ["PATH"], "LC_ALL": "C"},
        }

    def make(self) -> None:
        done = subprocess.run(
            [
                str(self.bin / "initdb"), "-D", str(self.folder / "data"), "-A", "trust",
                "-U", USER, "-E", "UTF8", "--no-sync", "--locale=C",
            ],
            **self._as_owner(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"initdb: {done.stdout}{done.stderr}"


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A fresh cluster; skips, saying so, where there is no PostgreSQL."""
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    # Not below pytest's own folders: those are for root's eyes alone.
    folder = Path(tempfile.mkdtemp(prefix="condorwatch-postgres-"))
    if os.geteuid() == 0:
        owner = pwd.getpwnam(USER)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    server = PostgresServer(found, folder, dead_port())
    server.make()
    server.start()
    try:
        yield server
    finally:
        server.crash()
        shutil.rmtree(folder)
