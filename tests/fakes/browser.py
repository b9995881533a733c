"""How the tests' browser is started, and how long it is waited for."""

from __future__ import annotations

CHROMIUM_ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP rebound.example 127.0.0.1",
]  # fmt: skip
PATIENCE_MS = 20_000
