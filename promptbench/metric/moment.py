"""Find dates and times of day in a text: the text in, places with a normal form out.

A date is `year-month-day` with `?` for what is not said (`?-03-05`), or a weekday (`monday`); a
time is `15:00`. Where a form can be read in two ways both are given, `2001-03-05|2001-05-03`.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex

# Start, end (exclusive), normal form.
Found = tuple[int, int, str]

MONTHS = "january february march april may june july august september october november december"
NUMBERS = {name[:3]: number for number, name in enumerate(MONTHS.split(), 1)}
DAYS_OF_WEEK = "monday tuesday wednesday thursday friday saturday sunday"
WEEKDAYS = DAYS_OF_WEEK.split()

MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:\s?(?:st|nd|rd|th)\b)?(?![\d:]|[.,]\d|\s?[ap]\.?m\b)"
DAYS = rf"(?P<days>{DAY}(?:\s*(?:-|\u2013|,|/|&(?:amp;)*|to|and|or|through)\s*{DAY})*)"
YEAR = r"(?:,?\s*(?:of\s+)?(?P<year>1[5-9]\d\d|2[01]\d\d)(?!\w))"
WHOLE = [
    rf"\b{MONTH}\s*{DAYS}{YEAR}?",
    rf"(?<![\w.,:]){DAYS}[\s-]*(?:of\s+)?{MONTH}(?:[\s-]*{YEAR})?",
    rf"\b{MONTH}{YEAR}",
]
LONG = "|".join(name.title() for name in MONTHS.split() if name not in ("march", "may"))
# May and March are also words, and no month at the start of a sentence.
BEFORE = r"(?:in|of|by|since|until|till|during|for|from|through|this|next|last|early|mid|late|and)"
NAMED = regex.compile(rf"\b(?:(?P<sure>{LONG})|(?<=\b{BEFORE}[\s-])(?P<word>March|May))\b")
WRITTEN = [regex.compile(one, regex.IGNORECASE) for one in WHOLE]
ISO = regex.compile(r"(?<![\w-])(\d{4})([-/])(0?[1-9]|1[0-2])\2(0?[1-9]|[12]\d|3[01])(?!\d)")
SLASHED = regex.compile(r"(?<![\w/.-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d\d)(?![\w/]|[.-]\d)")
WEEKDAY = regex.compile(
    rf"\b(?:(?P<full>{'|'.join(WEEKDAYS)})s?\b"
    r"|(?P<short>mon|tues?|wed|thur?s?|fri|sat|sun)\b\.?(?=,?\s+(?:\d|[A-Z][a-z]{2}\.?\s+\d)))",
    regex.IGNORECASE,
)

HALF = r"\s?(?P<half>[ap])\.?\s?m\b\.?"
AT = r"(?P<hour>[01]?\d|2[0-4])"
RANGE = regex.compile(
    rf"(?<![\w:.]){AT}(?:[:.](?P<minute>[0-5]\d))?\s?(?:-|\u2013|to|and)\s?"
    rf"(?P<hour2>0?\d|1[0-2])(?:[:.](?P<minute2>[0-5]\d))?{HALF}",
    regex.IGNORECASE,
)
CLOCK = [
    regex.compile(one, regex.IGNORECASE)
    for one in (
        rf"(?<![\w:.]){AT}(?:[:.](?P<minute>[0-5]\d))?(?::[0-5]\d)?{HALF}",
        rf"(?<![\w:.]){AT}[:h](?P<minute>[0-5]\d)(?::[0-5]\d(?:\.\d+)?)?(?![\w:])(?P<half>)",
        rf"(?<![\w:.]){AT}\s?o['\u2019]?clock\b(?P<minute>)(?P<half>)",
    )
]
WORD = regex.compile(r"\b(noon|midday|midnight)\b", regex.IGNORECASE)


def find_dates(text: str) -> Iterator[Found]:
    """Dates, weekdays and months; forms that say more come first, and places may overlap."""
    for match in ISO.finditer(text):
        yield *match.span(), _date(match[1], int(match[3]), int(match[4]))
    for pattern in WRITTEN:
        for match in pattern.finditer(text):
            yield from _written(match)
    for match in SLASHED.finditer(text):
        if normal := _slashed(match):
            yield *match.span(), normal
    for match in NAMED.finditer(text):
        yield *match.span(), _date("", NUMBERS[match[0][:3].lower()], 0)
    for match in WEEKDAY.finditer(text):
        yield *match.span(), next(day for day in WEEKDAYS if day[:3] == match[0][:3].lower())


def find_times(text: str) -> Iterator[Found]:
    """Times of day; of a range such as 3-5 pm both ends."""
    for match in RANGE.finditer(text):
        yield from _range(match)
    for pattern in CLOCK:
        for match in pattern.finditer(text):
            yield *match.span(), _time(match["hour"], match["minute"], match["half"])
    for match in WORD.finditer(text):
        yield *match.span(), "00:00" if match[0].lower() == "midnight" else "12:00"


def _written(match: regex.Match[str]) -> Iterator[Found]:
    """The dates of `5 and 6 October 2000`: the last one's place begins where its day does."""
    groups = match.groupdict()
    month, year = NUMBERS[groups["month"][:3].lower()], groups["year"] or ""
    if not groups.get("days"):
        yield *match.span(), _date(year, month, 0)
        return
    days = list(regex.finditer(r"\d+", groups["days"]))
    starts = [match.start(), *(match.start("days") + day.start() for day in days[1:])]
    ends = [*(match.start("days") + day.end() for day in days[:-1]), match.end()]
    for day, start, end in zip(days, starts, ends, strict=True):
        yield start, end, _date(year, month, int(day[0]))


def _slashed(match: regex.Match[str]) -> str:
    """`3/5/2001` is the 5th of March or the 3rd of May; with points the day comes first."""
    first, mark, second, year = int(match[1]), match[2], int(match[3]), match[4]
    if mark == "-" and len(year) == 2:
        return ""
    year = year if len(year) == 4 else f"{'20' if int(year) < 70 else '19'}{year}"
    orders = [(second, first)] if mark == "." else [(first, second), (second, first)]
    read = [_date(year, m, d) for m, d in orders if 1 <= m <= 12 and 1 <= d <= 31]
    return "|".join(dict.fromkeys(read))


def _range(match: regex.Match[str]) -> Iterator[Found]:
    """Both ends of `11-1 pm`: the first is before noon, as 11 comes after 1."""
    first, last, half = int(match["hour"]), int(match["hour2"]), match["half"].lower()
    other = {"a": "p", "p": "a"}[half]
    before = half if first % 12 <= last % 12 else other
    first = match.end("hour" if match["minute"] is None else "minute")
    yield match.start(), first, _time(match["hour"], match["minute"], before)
    yield match.start("hour2"), match.end(), _time(match["hour2"], match["minute2"], half)


def _time(hour: str, minute: str | None, half: str) -> str:
    """The time on a clock of 24 hours; in both halves of the day where the text does not say."""
    at, rest = int(hour), f":{minute or '00'}"
    if half and 1 <= at <= 12:
        at = at % 12 + 12 * (half.lower() == "p")
    elif 1 <= at <= 12 and not hour.startswith("0"):
        return f"{at % 12:02}{rest}|{at % 12 + 12:02}{rest}"
    return f"{at % 24:02}{rest}"


def _date(year: str, month: int, day: int) -> str:
    """The normal form; "" and 0 are what is not said."""
    return f"{year or '?'}-{month:02}-{day:02}" if day else f"{year or '?'}-{month:02}-?"
