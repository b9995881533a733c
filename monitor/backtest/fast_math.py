"""exp, log and polynomials that the compiler can turn into vector instructions.

numba calls the C library once per number for `math.exp`, which keeps a loop scalar. These are
a few multiplications each, without a branch, so a loop over options runs 4 or 8 at a time.
Meant for inside kernels; from plain Python they are only slower than `math`.

Accuracy (tests hold it against mpmath): `exp_fast` 1e-12, `exp_fine` and `log_fine` 4e-16
relative. `exp_*` treat everything below −708 as −708 (about 1e-308, where doubles end).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])


_OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",  # a division by zero is inf: no check in the loop
    # Of fast-math only a·b + c in one instruction: reordering would undo the rounding tricks
    # below, and results would depend on the compiler's mood.
    "fastmath": {"contract"},
}


def vector_kernel(plain: F) -> F:
    """Compile a numeric kernel: cached, without the interpreter's lock, no division checks."""
    return cast("F", numba.njit(**_OPTIONS)(plain))


def inlined(plain: F) -> F:
    """As `vector_kernel`, for the body of a loop: always merged into its caller.

    Left to itself the compiler calls it once per number, which is 6 times slower.
    """
    return cast("F", numba.njit(forceinline=True, **_OPTIONS)(plain))


def _emit_bits(typing_context, number):  # type: ignore[no-untyped-def]
    """The 64 bits of a float as a whole number."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), generate


def _emit_float(typing_context, bits):  # type: ignore[no-untyped-def]
    """The float that has these 64 bits."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


_bits = cast("Callable[[float], int]", intrinsic(_emit_bits))
_float = cast("Callable[[int], float]", intrinsic(_emit_float))


@inlined
def polynomial(u: float, coefficients: tuple[float, ...]) -> float:
    """Σ c_k u^k, an even count of coefficients from k = 0.

    Even and odd powers run side by side, which halves the chain of waits. `coefficients` must
    be a constant of the calling kernel: the loop is then unrolled away.
    """
    count = len(coefficients)
    square = u * u
    even = coefficients[count - 2]
    odd = coefficients[count - 1]
    for k in range(count - 3, 0, -2):
        odd = odd * square + coefficients[k]
        even = even * square + coefficients[k - 1]
    return even + odd * u


_LOG2_E = 1.4426950408889634
_LN2 = 0.6931471805599453
_LN2_HIGH = 6.93147180369123816490e-01  # fdlibm's split of ln 2
_LN2_LOW = 1.90821492927058770002e-10
# Adding 1.5 · 2^52 leaves the nearest whole number in the low bits.
_ROUNDER = 6755399441055744.0
_ONE_BITS = 0x3FF0000000000000
_EXPONENT_MASK = 0x7FF0000000000000
_TWO_52 = 4503599627370496.0
_TWO_52_BITS = 0x4330000000000000
# Bits of 1 less bits of √½: moves the exponent's carry from 1 to √½.
_CARRY_AT_ROOT_HALF = 0x3FF0000000000000 - 0x3FE6A09E667F3BCD

# exp on ±½ ln 2, interpolated at Chebyshev points (benchmarks/fit_pricing_constants.py).
_EXP_FAST = (
    1.0,
    0.999999999979769,
    0.49999999999797773,
    0.16666666891180545,
    0.0416666668910917,
    0.008333266071022454,
    0.001388882165071769,
    0.00019915881871396035,
    2.4876178959085513e-05,
    0.0,
)
_EXP_FINE = (
    1.0,
    1.0,
    0.5,
    0.16666666666666702,
    0.04166666666666669,
    0.008333333333309509,
    0.0013888888888871874,
    0.00019841269909257902,
    2.480158735013993e-05,
    2.755722492065214e-06,
    2.7557251877225084e-07,
    2.511488209588034e-08,
    2.092158893897149e-09,
    0.0,
)
# atanh series of fdlibm's e_log.c: log(1+f) = f − s(f − R), s = f/(2+f).
_LOG = (
    6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
    2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
    1.479819860511658591e-01, 0.0,
)  # fmt: skip


@inlined
def exp_fast(x: float) -> float:
    """e^x to 1e-12 relative, for x ≤ 700."""
    x = max(x, -708.0)
    shifted = x * _LOG2_E + _ROUNDER
    rest = x - (shifted - _ROUNDER) * _LN2
    return polynomial(rest, _EXP_FAST) * _float((_bits(shifted) << 52) + _ONE_BITS)


@inlined
def exp_fine(x: float) -> float:
    """e^x to 4e-16 relative, for x ≤ 700."""
    x = max(x, -708.0)
    shifted = x * _LOG2_E + _ROUNDER
    power = shifted - _ROUNDER
    rest = (x - power * _LN2_HIGH) - power * _LN2_LOW
    return polynomial(rest, _EXP_FINE) * _float((_bits(shifted) << 52) + _ONE_BITS)


@inlined
def log_fine(x: float) -> float:
    """ln x to 4e-16 relative, for normal doubles 2e-308 ≤ x < inf; elsewhere without meaning."""
    bits = _bits(x)
    biased = bits + _CARRY_AT_ROOT_HALF
    # The exponent is put into the low bits of 2^52, which makes it a float without a conversion.
    power = _float((biased >> 52) | _TWO_52_BITS) - (_TWO_52 + 1023.0)
    mantissa = _float(bits - ((biased & _EXPONENT_MASK) - _ONE_BITS))
    f = mantissa - 1.0
    s = f / (2.0 + f)
    z = s * s
    half_square = 0.5 * f * f
    series = z * polynomial(z, _LOG)
    return power * _LN2_HIGH - ((half_square - (s * (half_square + series) + power * _LN2_LOW)) - f)
