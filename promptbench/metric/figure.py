"""Find numbers and amounts in a text: the text in, places with a normal form out.

A number is its plain digits (`1,000` and `one thousand` are `1000`), an amount its unit and
number (`USD 5`, `% 20`), a telephone number its digits alone, a version such as 1.4.2 itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import regex

from promptbench.metric.moment import Found

UNITS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "%": "%", "percent": "%"}
UNITS |= {
    "dollar": "USD",
    "euro": "EUR",
    "pound": "GBP",
    "yen": "JPY",
    "cent": "cent",
    "buck": "USD",
}
CODES = "USD|EUR|GBP|JPY|CHF|CAD|AUD|INR|CNY"
COUNTING = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    " fifteen sixteen seventeen eighteen nineteen"
)
BY_TEN = "twenty thirty forty fifty sixty seventy eighty ninety"
IN_ORDER = "first second third fourth fifth sixth seventh eighth ninth tenth"
SMALL, TENS, ORDINALS = COUNTING.split(), BY_TEN.split(), IN_ORDER.split()
TIMES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
SHORT = {"k": 10**3, "m": 10**6, "mn": 10**6, "bn": 10**9}
WORDS = {word: value for value, word in enumerate(SMALL)}
WORDS |= {word: 10 * value for value, word in enumerate(TENS, 2)}

DIGITS = r"\d{1,3}(?:[,\u00a0\u202f]\d{3})+(?:\.\d+)?(?![\d,]\d)|\d+(?:\.\d+)*"
# Not in UTF-8 or H264, nor the rest of a longer number.
ALONE = r"(?<![\p{L}_\d]|\p{L}-|\d[.,])"
LARGE = "|".join(TIMES)
TENFOLD = "|".join(TENS)
SPELT = rf"(?:(?:{TENFOLD})(?:[- ](?:{'|'.join(SMALL[1:10])}))?|{'|'.join(reversed(SMALL))})"
FIGURE = regex.compile(
    rf"(?P<before>[$€£¥₹]\s?|\b(?:{CODES})\s?)?"
    rf"{ALONE}(?P<number>{DIGITS}|\b{SPELT}\b)"
    rf"(?:\s?(?P<times>{LARGE})s?\b|(?P<short>k|m|mn|bn)\b|(?P<nth>st|nd|rd|th)\b)?"
    rf"(?:\s?(?P<after>[€£%]|per\s?cent\b|(?:dollar|euro|pound|cent|buck)s?\b|(?:{CODES})\b|yen\b))?",
    regex.IGNORECASE,
)
PHONE = regex.compile(
    r"(?<![\w.-])(?:\+\d{1,3}[\s.-]?|\(\d{2,5}\)\s?|\d{3}[.-](?=\d{3}[.-]\d{4}))"
    r"(?:\(\d{1,5}\)\s?)?\d{2,5}(?:[\s.-]?\d{2,5}){1,4}(?!\w)"
)
# The number of an item in a list is no fact.
ITEM = regex.compile(r"^[ \t>*-]*(\d{1,2})[.)](?=\s)", regex.MULTILINE)


def find_phones(text: str) -> Iterator[Found]:
    """Telephone numbers, as digits alone."""
    for match in PHONE.finditer(text):
        yield *match.span(), "".join(filter(str.isdecimal, match[0]))


def find_amounts(text: str) -> Iterator[Found]:
    """Numbers with a currency or a percent sign."""
    for match in FIGURE.finditer(text):
        unit = (match["before"] or match["after"] or "").strip()
        if unit:
            yield *match.span(), f"{_unit(unit)} {_value(match)}"


def find_numbers(text: str) -> Iterator[Found]:
    """All other numbers, but not the word "one", nor what counts the items of a list."""
    items = {match.start(1) for match in ITEM.finditer(text)}
    for match in FIGURE.finditer(text):
        if match.start() not in items and match[0].lower() not in ("one", "zero"):
            yield *match.span(), _value(match)


def _value(match: regex.Match[str]) -> str:
    """The number in plain digits."""
    written = match["number"].lower()
    if written.count(".") > 1:
        return written
    factor = TIMES.get((match["times"] or "").lower()) or SHORT.get((match["short"] or "").lower())
    plain = format(_number(written) * (factor or 1), "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _number(written: str) -> Decimal:
    """The value of digits, or of words such as twenty-five."""
    if written[0].isdecimal():
        return Decimal(regex.sub(r"[,\u00a0\u202f]", "", written))
    return Decimal(sum(WORDS[word] for word in regex.split(r"[- ]", written)))


def _unit(written: str) -> str:
    """One name for a currency, however it is written."""
    plain = regex.sub(r"\s", "", written.lower())
    return UNITS.get(plain) or UNITS.get(plain.removesuffix("s")) or plain.upper()
