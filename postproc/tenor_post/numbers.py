"""Numbers as a reader sees them. Each is a <data> element whose value attribute holds the number in full."""
import math

from markupsafe import Markup, escape

NARROW_SPACE, MINUS, DASH = "\u202f", "\u2212", "\u2013"


def significant(value, digits):
    """Decimals that show a value with so many significant digits, four decimals at most."""
    return 0 if value == 0 or not math.isfinite(value) else min(4, max(0, digits - 1 - math.floor(math.log10(abs(value)))))


def supported(value, half):
    """Decimals of a mean: its interval's half-width gets one digit (two if the first is a 1), the mean four at most, three if
    the interval is unknown."""
    if math.isnan(half):
        return significant(value, 3)
    most = significant(value if value else half, 4)
    return min(most, significant(half, 2 if f"{half:e}"[0] == "1" else 1)) if half > 0 else most


def text(value, decimals):
    """12 345.6 with a true minus sign and narrow spaces between thousands; what rounds to zero is 0."""
    if not math.isfinite(value):
        return "unknown"
    plain = f"{value:,.{decimals}f}"
    plain = plain if plain.strip("-0.,") else "0"
    return plain.replace(",", NARROW_SPACE).replace("-", MINUS)


def number(value, decimals=None, digits=3, percent=False):
    """<data value="0.157">15.7</data>; in percent the text, not the attribute, is multiplied by 100."""
    if not math.isfinite(value):
        return Markup("unknown")
    shown = 100 * value if percent else value
    decimals = significant(shown, digits) if decimals is None else decimals
    return Markup('<data value="{}">{}</data>').format(repr(float(value)), text(shown, decimals))


def mean(estimate, percent=False):
    """The estimate's value with the decimals its interval supports."""
    return number(estimate.value, decimals_of(estimate, percent), percent=percent)


def half(estimate, percent=False):
    """Half of the 95 % interval, with the decimals of the mean; less than half a last digit as < one."""
    decimals = decimals_of(estimate, percent)
    last = 10.0**-decimals / (100 if percent else 1)
    if 0 < estimate.half < 0.5 * last:
        return Markup('<data value="{}">&lt;\u2009{}</data>').format(repr(estimate.half), f"{10.0**-decimals:.{decimals}f}")
    return number(estimate.half, decimals, percent=percent)


def interval(estimate, percent=False):
    """The 95 % interval: ± half, or both ends where these show that the estimate is not in its middle; a dash if it is unknown."""
    if not math.isfinite(estimate.half):
        return Markup(DASH)
    scale, decimals = 100 if percent else 1, decimals_of(estimate, percent)
    if estimate.ends:
        sides = (estimate.value - estimate.ends[0], estimate.ends[1] - estimate.value)
        if len({f"{scale * side:.{decimals}f}" for side in sides}) > 1:
            return ends(estimate, percent)
    return Markup("±\u00a0") + half(estimate, percent)


def ends(estimate, percent=False):
    """The ends of an interval that has them: 14.3 to 17.6; a dash if both are unknown."""
    if not any(map(math.isfinite, estimate.ends)):
        return Markup(DASH)
    decimals = decimals_of(estimate, percent)
    return Markup(" to ").join(number(end, decimals, percent=percent) for end in estimate.ends)


def decimals_of(estimate, percent):
    scale = 100 if percent else 1
    return supported(scale * estimate.value, scale * estimate.half)


def unit(estimate, percent=False):
    return "%" if percent else estimate.unit


def full(estimate, percent=False):
    """Value, interval and unit: 15.70 ± 0.16 %, or 0.02 % (0.01 to 0.04 %); the value alone if the interval is unknown."""
    words = escape(f"\u00a0{unit(estimate, percent)}" if unit(estimate, percent) else "")
    if not math.isfinite(estimate.half):
        return mean(estimate, percent) + words
    error = interval(estimate, percent)
    if error.startswith("±"):
        return mean(estimate, percent) + Markup("\u00a0") + error + words
    return mean(estimate, percent) + words + Markup(" (") + error + words + Markup(")")


def duration(months):
    """ "10 years", "50 months"."""
    count, noun = (months // 12, "year") if months % 12 == 0 else (months, "month")
    return f"{count} {noun}{'' if count == 1 else 's'}"
