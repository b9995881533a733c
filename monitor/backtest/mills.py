"""The two functions behind every price here: scaled erfc and the slope of the Mills ratio.

Both are polynomials in w = 1/(y + 3.5), which maps the half-line onto a short interval, so one
formula serves the whole range without a branch. Interpolated at Chebyshev points from 50-digit
values (benchmarks/fit_pricing_constants.py); tests compare with mpmath.
"""

from __future__ import annotations

from monitor.backtest.fast_math import inlined, polynomial

POLE = 3.5
# Scaled erfc is fitted from here up; below, e^{y²} grows too fast for one polynomial.
ERFCX_LOWEST = -1.2
ERFCX_SPAN = 2.0 * (ERFCX_LOWEST + POLE)
SLOPE_SPAN = 2.0 * POLE

# Split in halves: the compiler unrolls a loop over some 16 constants, not over 30.
_ERFCX_LOW = (
    1.8479601189278774,
    3.327186653263051,
    4.414260023773826,
    4.359795080939451,
    3.11291056007305,
    1.4428766991529414,
    0.2546420813438809,
    -0.14971491192719494,
    -0.0927229800526881,
    0.010728813282973312,
    0.021385457692159954,
    -0.000957375544969904,
    -0.0050643842956486305,
    0.00046730078590088444,
    0.0012461455845341903,
    -0.00029808164183670716,
)
_ERFCX_HIGH = (
    -0.0002835843027848372,
    0.0001460421135370128,
    4.4060958471137244e-05,
    -5.6406755323158736e-05,
    3.944710039902769e-06,
    1.7007113819592594e-05,
    -6.446425715954007e-06,
    -3.763004082328051e-06,
    2.702572370811746e-06,
    5.360487617526574e-07,
    -6.257921659254601e-07,
    -3.597746039979576e-08,
    6.663011709447228e-08,
    0.0,
)
_SLOPE_FAST = (
    3.28362762196464,
    4.416612774441847,
    3.2446490593343817,
    1.3381260174483394,
    0.13700752559954502,
    -0.14536415930014132,
    -0.04814955507939061,
    0.018482002493582447,
    0.00924468351268859,
    -0.003573522245177258,
    -0.0015774209317952076,
    0.0009073797199333556,
    0.00021206203841271697,
    -0.00023289054017507904,
    -1.2817716743886257e-05,
    4.790285162036842e-05,
    -1.1587318200269245e-06,
    -5.504876102737301e-06,
)
_SLOPE_FINE_LOW = (
    3.2836276219496283,
    4.416612774435666,
    3.24464906177225,
    1.3381260184495052,
    0.13700745975114317,
    -0.14536418592367054,
    -0.048148862360421596,
    0.018482274250358262,
    0.009240979088342816,
    -0.0035749055085270184,
    -0.0015660576879642021,
    0.0009113030035876265,
    0.00019089456309443977,
    -0.00023931770636366037,
    1.1570758657364426e-05,
    5.377995699308232e-05,
)
_SLOPE_FINE_HIGH = (
    -1.8315676057120215e-05,
    -7.971910542735017e-06,
    7.051759942106364e-06,
    -6.884034437022811e-08,
    -1.5725538508780838e-06,
    3.640026476175215e-07,
    1.6863523858808493e-07,
    -6.420931174366247e-08,
)


@inlined
def _joined(u: float, low: tuple[float, ...], high: tuple[float, ...]) -> float:
    """The polynomial whose first 16 coefficients are `low` and the rest `high`."""
    square = u * u
    fourth = square * square
    eighth = fourth * fourth
    return polynomial(u, low) + (eighth * eighth) * polynomial(u, high)


@inlined
def scaled_erfc(w: float) -> float:
    """erfcx(y) = e^{y²} erfc(y) at w = 1/(y + POLE), y ≥ ERFCX_LOWEST; 4e-15 relative."""
    return w * _joined(ERFCX_SPAN * w - 1.0, _ERFCX_LOW, _ERFCX_HIGH)


@inlined
def mills_slope_fast(w: float) -> float:
    """1 + hY(h), Y = Φ/φ, at w = 1/(|h| + POLE), h ≤ 0; 7e-12 relative.

    It is the derivative of Y, about 1/h² in the wing, and computed directly because 1 + hY
    loses all digits there.
    """
    return w * w * polynomial(SLOPE_SPAN * w - 1.0, _SLOPE_FAST)


@inlined
def mills_slope_fine(w: float) -> float:
    """`mills_slope_fast` to 6e-15 relative."""
    return w * w * _joined(SLOPE_SPAN * w - 1.0, _SLOPE_FINE_LOW, _SLOPE_FINE_HIGH)
