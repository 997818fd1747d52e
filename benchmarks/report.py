"""Time, size and smoothness of a large report: fabricated records in, a page in Chromium out.

    python -m benchmarks.report

The texts are runs of words from the emails of suites/email, so that they compress as mails do.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.workload import read_emails
from promptbench.record import (
    Candidate,
    Case,
    Completion,
    FinishReason,
    MetricInfo,
    Prompt,
    Run,
    Sample,
    Sampling,
    Score,
)
from promptbench.report.material import Material
from promptbench.report.page import build_page
from tests.browser import Tab, chromium, tab_of

METRICS = (
    MetricInfo("rougeL", "rougeL", "higher"),
    MetricInfo("invented_facts", "invented facts", "lower", 0, None),
    MetricInfo("words", "words", "none", 0, None),
)


def main() -> None:
    """Build, measure and print; the last line is for machines."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--candidates", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="write the page here")
    arguments = parser.parse_args()
    run, cases, samples = fabricate(arguments.cases, arguments.candidates)
    raw = sum(len(text.encode()) for text in texts(cases, samples))
    before = peak()
    started = time.perf_counter()
    page = build_page(Material(run, cases, samples))
    seconds = time.perf_counter() - started
    packed = len(page.split('id="packed">')[1].split("</script>")[0])
    size = len(page.encode())
    print(f"{len(cases):,} cases x {len(run.candidates)} candidates, texts {mb(raw)} MB")
    print(f"built in {seconds:.1f} s; memory rose from {before:.2f} to {peak():.2f} GB")
    print(f"file {mb(size)} MB: data {mb(packed)} MB, page without data {mb(size - packed)} MB")
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.keep or Path(folder) / "index.html"
        path.write_text(page, encoding="utf-8")
        opened, stalls = look(path.resolve().as_uri())
    longest, own = (max(each.task for each in stalls), max(each.cpu for each in stalls))
    print(
        f"build_s={seconds:.1f} file_mb={mb(size)} opened_s={opened:.2f} "
        f"longest_ms={longest:.0f} longest_cpu_ms={own:.0f}"
    )


def mb(size: int) -> str:
    """Bytes as megabytes."""
    return f"{size / 1e6:.2f}"


def peak() -> float:
    """The most memory that the process has had so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def fabricate(number: int, candidates: int) -> tuple[Run, list[Case], list[Sample]]:
    """A run as large as asked for, always the same one."""
    draw = random.Random(0)
    emails = read_emails()
    bodies = [str(email.variables["body"]).split(" ") for email in emails]
    answers = [text.split(" ") for email in emails for text in email.references]

    def written(pool: list[list[str]], length: int) -> str:
        words: list[str] = []
        while len(words) < length:
            source = draw.choice(pool)
            start = draw.randrange(len(source))
            words += source[start : start + draw.randint(3, 12)]
        return " ".join(words[:length])

    cases = [
        Case(
            id=f"mail-{place:05}",
            variables={
                "subject": written(answers, 6),
                "kind": draw.choice(["question", "answer", "announcement"]),
                "body": written(bodies, draw.randint(60, 260)),
            },
            references=tuple(written(answers, draw.randint(15, 50)) for _ in range(2)),
            cluster=f"thread-{place // 4}",
        )
        for place in range(number)
    ]
    names = [f"prompt-{place} x smollm2" for place in range(candidates)]

    def sample(name: str, case: Case) -> Sample:
        ending: FinishReason = "length" if draw.random() < 0.05 else "stop"
        text, error = written(answers, draw.randint(20, 70)), ""
        if draw.random() < 0.005:
            text, error = "", "the server did not answer"
        done = Completion("", text, draw.randint(200, 900), len(text) // 4, ending, 0.4, error)
        values = (draw.betavariate(2, 5), float(draw.randint(0, 3)), float(len(text.split())))
        scores = {
            metric.name: Score(metric.name, value)
            for metric, value in zip(METRICS, values, strict=True)
        }
        return Sample(name, case.id, 0, done, {} if error else scores)

    prompt = Prompt("prompt", "prompts/email/prompt.j2", "{{ body }}", "sha256:00")
    run = Run(
        id="email-00000000",
        suite="email",
        description="A fabricated run.",
        created="2026-01-01T00:00:00+00:00",
        status="complete",
        split="test",
        repeats=1,
        primary="rougeL",
        metrics=METRICS,
        candidates=tuple(Candidate(name, prompt, "smollm2", "", Sampling()) for name in names),
        seconds=1.0,
        manifest={},
    )
    return run, cases, [sample(name, case) for name in names for case in cases]


def texts(cases: list[Case], samples: list[Sample]) -> Iterator[str]:
    """All texts of the records."""
    for case in cases:
        yield from map(str, case.variables.values())
        yield from case.references
    yield from (sample.completion.text for sample in samples if sample.completion)


# Put down from before the page's own script: when it could be used, and late frames.
WATCH = """
window.gaps = [];
let last;
const frame = (now) => {
  if (last) window.gaps.push(now - last);
  last = now;
  requestAnimationFrame(frame);
};
requestAnimationFrame(frame);
new MutationObserver((_, watch) => {
  const root = document.documentElement;
  for (const [name, mark] of [['ready', 'data-ready'], ['whole', 'data-whole']])
    if (!window[name] && root?.hasAttribute(mark)) window[name] = performance.now();
  if (!window.rows && document.querySelector('.sheet-body .sheet-row'))
    window.rows = performance.now();
  if (window.whole) watch.disconnect();
}).observe(document, { attributes: true, childList: true, subtree: true });
"""
SCROLL = """async () => {
  const box = document.querySelector('.sheet');
  for (let step = 0; step <= 240; step++) {
    box.scrollTop = (box.scrollHeight * step) / 240;
    await new Promise(requestAnimationFrame);
  }
}"""


@dataclass(frozen=True, slots=True)
class Stall:
    """The longest that the page stood still, in ms.

    `task` is the longest task of its thread by the clock and `cpu` by the thread's own time, which
    other work on the machine hardly moves; `frame` is the longest wait between two frames.
    """

    task: float
    cpu: float
    frame: float

    def tell(self, name: str) -> None:
        """Print it."""
        print(
            f"{name}: longest task {self.task:.0f} ms ({self.cpu:.0f} ms of its own), "
            f"longest frame {self.frame:.0f} ms"
        )


def look(url: str) -> tuple[float, list[Stall]]:
    """Seconds until the page could be used, and the stalls of each thing done."""
    with chromium() as browser, tab_of(browser) as tab:
        tab.page.add_init_script(WATCH)
        watched(browser, tab.page, lambda _: arrive(tab, url)).tell("opening")
        rows, ready, whole = (tab.run(name) / 1000 for name in ("rows", "ready", "whole"))
        print(f"first rows after {rows:.2f} s, ready {ready:.2f} s, all unpacked {whole:.2f} s")
        found = []
        for name, act in ACTS.items():
            stall = watched(browser, tab.page, act)
            stall.tell(name)
            found.append(stall)
        return ready, found


def arrive(tab: Tab, url: str) -> None:
    """Open the page and wait until everything is unpacked."""
    tab.open(url)
    tab.page.wait_for_selector("html[data-whole]", state="attached", timeout=120_000)


def watched(browser: Browser, page: Page, act: Callable[[Page], object]) -> Stall:
    """Do something, and look in Chromium's trace how long the page's main thread stood still."""
    page.evaluate("window.gaps?.splice(0)")
    browser.start_tracing(page=page, categories=["toplevel"])
    act(page)
    # What the browser still does after it is counted too.
    page.wait_for_timeout(300)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    mains = {
        (each["pid"], each["tid"])
        for each in events
        if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        each
        for each in events
        if each["name"].endswith("RunTask") and (each["pid"], each["tid"]) in mains
    ]
    longest = max(each.get("dur", 0) for each in tasks)
    own = max(each.get("tdur", 0) for each in tasks)
    gaps = page.evaluate("gaps.splice(0)")
    return Stall(longest / 1000, own / 1000, max(gaps, default=0))


def settled(page: Page) -> None:
    """Wait until the matrix shows what was asked for; a search begins a little after the keys."""
    page.wait_for_timeout(200)
    page.wait_for_selector(".sheet:not([aria-busy])", timeout=60_000)


def search(page: Page) -> None:
    """Type a search letter by letter, then one that finds nothing, then take it back."""
    page.focus("#search")
    page.keyboard.type("guidelines meeting", delay=60)
    settled(page)
    for words in ("zebra-that-is-nowhere", ""):
        page.fill("#search", words)
        settled(page)


def switch(page: Page) -> None:
    """Put each kind of filter in, one upon the other, and clear them."""
    page.click(".panel summary")
    page.fill(".panel [name='high']", "0.5")
    for selector in (".panel [type='checkbox']", ".panel form button", ".chips .clear"):
        for control in page.query_selector_all(selector):
            control.click()
            settled(page)


def sort(page: Page) -> None:
    """Sort by everything that there is to sort by."""
    select = page.locator("label:has-text('Sort') select")
    for place in range(1, select.locator("option").count()):
        select.select_option(index=place)
        settled(page)


ACTS: dict[str, Callable[[Page], object]] = {
    "scrolling through all": lambda page: page.evaluate(SCROLL),
    "typing a search": search,
    "filters": switch,
    "sorts": sort,
}

if __name__ == "__main__":
    main()
