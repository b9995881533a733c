"""What runs on a worker of a cluster: a block, after a look whether this worker is the same."""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path

import numba
import numpy as np
import xxhash

import monitor
from monitor.backtest.run_blocks import run_block
from monitor.backtest.run_plan import Block, BlockResult
from monitor.errors import ConfigError

COMPUTING = ("backtest", "domain")  # packages that a block's numbers come from


@cache
def environment() -> dict[str, str]:
    """What the bits of a block depend on beside the block."""
    code, root = xxhash.xxh3_64(), Path(monitor.__file__).parent
    files = [path for folder in COMPUTING for path in (root / folder).glob("*.py")]
    for path in sorted(files, key=lambda p: (p.parent.name, p.name)):
        code.update(f"{path.parent.name}/{path.name}\n".encode())
        code.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "machine": platform.machine(),
        "numpy": np.__version__,
        "numba": numba.__version__,
        "condorwatch": f"{monitor.__version__} (code {code.hexdigest()})",
    }


def run_checked(block: Block, wanted: dict[str, str]) -> BlockResult:
    """On a worker: the block, if this worker is the same as the one who asks.

    Raises:
        ConfigError: Names the worker and what differs.
    """
    here = environment()
    other = [f"{name} {here.get(name)}, not {want}" for name, want in wanted.items()
             if here.get(name) != want]  # fmt: skip
    if other:
        raise ConfigError(
            f"worker {platform.node()} (process {os.getpid()}) has {'; '.join(other)}",
            hint="install the same lock file and the same version everywhere: the same run "
            "must give the same numbers",
        )
    return run_block(block)
