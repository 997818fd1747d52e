"""Rebuild promptbench/metric/words.txt: texts of three data sets in, words that are no names out.

    python -m benchmarks.words FOLDER

FOLDER holds classify_banking77, classify_sentiment and faq_tldr, whose sources words.txt names
(all CC BY 4.0). A word is common if it stands in lower case at least twice, and at least half as
often as with a capital.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

TARGET = Path(__file__).parents[1] / "promptbench" / "metric" / "words.txt"
HEAD = """\
# Common English words, in lower case: with a capital at the start of a sentence they are no names.
# Rebuilt by benchmarks/words.py from BANKING77 (PolyAI), the Amazon reviews of the Sentiment
# Labelled Sentences (Kotzias et al. 2015) and tldr-pages, all of them under CC BY 4.0.
"""
# Words of letters and summaries that customers' questions seldom have; put together by hand.
OWN = """
accordingly additionally afterwards agenda agree agreed agrees announcement answers apologies
approve argue argues ask asked asking asks attached attend attendee attendees audience best board
both budget cheers clarify client colleague colleagues comment comments conclusion conference
congratulations consequently dear decide decided deadline despite details discuss discussed
discusses discussion draft email employees encourage eventually evening everybody everyone feedback
finally folks forward furthermore gentlemen goal goals greetings group hello hence hi highlights
however indeed initially instead invite invited join kind kindly ladies later likewise
march meanwhile
meet meeting meetings members minutes moreover morning nevertheless next nobody nonetheless note
notes objective outline overall overview participant participants perhaps plan planned plans points
possible presentation proposal proposed proposes recommend regarding regards remind reminder report
reports respectfully respond responds review schedule sender similarly sincerely speaker staff
subject subsequently suggest suggested suggestion suggests summary task tasks team teams thanks
therefore thus together tomorrow tonight topic topics unfortunately update updates upon various
vote warm welcome whereas wish wonder work works writer yesterday yours
"""


def texts(folder: Path) -> Iterator[str]:
    """All texts of the three data sets."""
    for name in ("train", "test"):
        with (folder / "classify_banking77" / f"{name}.csv").open(encoding="utf-8") as lines:
            yield from (row["text"] for row in csv.DictReader(lines))
    reviews = folder / "classify_sentiment" / "amazon_cells_labelled.txt"
    yield from (line.split("\t")[0] for line in reviews.read_text("utf-8").split("\n"))
    for line in (folder / "faq_tldr" / "tldr_pages.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        yield from (row["page_description"], row["question"])


def common(found: Iterator[str]) -> list[str]:
    """The common words, sorted."""
    lower, capital = Counter[str](), Counter[str]()
    for word in re.findall(r"[A-Za-z]+(?:'[a-z]+)?", "\n".join(found)):
        (lower if word.islower() else capital)[word.lower()] += 1
    seen = {w for w, often in lower.items() if often >= 2 and 2 * often >= capital[w]}
    return sorted(seen.union(OWN.split()))


if __name__ == "__main__":
    TARGET.write_text(HEAD + "\n".join(common(texts(Path(sys.argv[1])))) + "\n", "utf-8")
