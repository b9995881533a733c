"""One way to compile a kernel: cached on disk, without the interpreter's lock.

numba's cache is renewed when the kernel's own file changes, but compiled code also holds the
helpers and constants it took from other modules. A pull that changes only such a helper would
leave old numbers behind, silently; so what a kernel uses becomes part of its cache's stamp.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from types import CodeType
from typing import Any, TypeVar, cast

import numba
import numpy as np

F = TypeVar("F", bound=Callable[..., Any])
UNCOUNTED: dict[str, Any] = {"_nrt": False}
"""Count no references (`uncounted_kernel`); numba's own annotations leave this option out."""


def kernel(plain: F) -> F:
    """Compile `plain` at its first call; `plain` itself stays reachable as `.py_func`.

    Helpers must stand above the kernels that use them, or in another module.
    """
    return _stamped(plain, numba.njit(cache=True, nogil=True)(plain))


def uncounted_kernel(plain: F) -> F:
    """A kernel whose compiled code counts no references to arrays: it may not make any.

    Whoever calls it holds the arrays anyway. Counting them takes an atomic step each time one is
    passed on or sliced, which in an inner loop costs more than the work. Helpers that it calls
    take the same option.
    """
    return _stamped(plain, numba.njit(cache=True, nogil=True, **UNCOUNTED)(plain))


def _stamped(plain: F, compiled: Any) -> F:
    try:
        file = compiled._cache._cache_file
        file._source_stamp = (file._source_stamp, fingerprint(plain))
    except AttributeError:  # numba compiles nothing (NUMBA_DISABLE_JIT), or is another one
        pass
    return cast("F", compiled)


def start_without_blas() -> None:
    """Let numba's first compilation, or first look into its cache, leave scipy.linalg alone.

    It imports that to learn whether `np.cov` could be compiled, which no kernel here asks for and
    which takes as long as the simulation of a season. Linear algebra still finds it by itself.
    """
    try:
        from numba.np import linalg

        found = linalg.ensure_blas
        linalg.ensure_blas = _no_blas
        try:
            from numba.np import arraymath  # noqa: F401 - this is where it is asked for
        finally:
            linalg.ensure_blas = found
    except (ImportError, AttributeError):  # another numba: it starts as it always did
        pass


def _no_blas() -> None:
    raise ImportError("not needed")


def fingerprint(function: Callable[..., Any]) -> str:
    """A hash of a function's code and of all it uses: helpers, numbers, arrays of its modules."""
    told = hashlib.blake2b(digest_size=16)
    for part in _parts(function, set()):
        told.update(part)
    return told.hexdigest()


def _parts(function: Any, seen: set[int]) -> list[bytes]:
    function = getattr(function, "py_func", function)
    if id(function) in seen:
        return []
    seen.add(id(function))
    names, parts = _code(function.__code__)
    for name in names:
        used = function.__globals__.get(name)
        if isinstance(used, int | float | complex | str | bytes | tuple | np.generic):
            parts.append(f"{name}={used!r}".encode())
        elif isinstance(used, np.ndarray):
            parts.append(name.encode() + str(used.dtype).encode() + used.tobytes())
        elif hasattr(used, "py_func"):
            parts += _parts(used, seen)
    return parts


def _code(code: CodeType) -> tuple[list[str], list[bytes]]:
    """Names and contents of compiled Python, inner functions included."""
    names, parts = sorted(code.co_names), [code.co_code]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner_names, inner_parts = _code(constant)
            names, parts = names + inner_names, parts + inner_parts
        else:
            parts.append(repr(constant).encode())
    return names, parts
