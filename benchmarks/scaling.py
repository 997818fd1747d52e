"""What Ray costs: starting it, carrying requests, and a model in workers beside one in process."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.local_engine import HERE
from promptbench.model.cluster.crew import Crew
from promptbench.model.cluster.settings import Cluster
from promptbench.model.cluster.spread import SpreadModel
from promptbench.model.cluster.worker import Job, Worker
from promptbench.model.protocol import Model, ModelInfo, Setup
from promptbench.model.spec import open_model
from promptbench.record import Completion, Encoded, Message, Request, Sampling
from promptbench.run.fingerprint import fingerprint

EMAILS = HERE.parent / "suites" / "email" / "test.jsonl"
TOKENS, WORDS = 500, 40


class Instant:
    """Answers at once, always the same."""

    info = ModelInfo("instant", "", "decoder-only", "", 0, 0, "")

    def stream(self, requests: Iterable[Request]) -> Iterator[list[Completion]]:
        """A batch for all of them."""
        text = "word " * WORDS
        yield [Completion(one.key, text, TOKENS, WORDS, "stop", 0.0) for one in requests]


class InstantWorker(Worker):
    """A worker that needs no model."""

    def opened(self, job: Job) -> Model:
        """See Worker."""
        return Instant()  # type: ignore[return-value]


def main() -> None:
    """Measure and print; the last line is for machines."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--emails", type=int, default=40)
    parser.add_argument("--messages", type=int, default=20_000)
    arguments = parser.parse_args()
    rates = {workers: carried(workers, arguments.messages) for workers in (1, 2)}
    for workers, (start, rate) in rates.items():
        print(f"{workers} workers: the first answer after {start:.1f} s, then {rate:,.0f} a second")
    walls = {workers: wall(arguments.model, arguments.emails, workers) for workers in (0, 1, 2)}
    for workers, seconds in walls.items():
        print(f"{arguments.model}, {workers or 'no'} workers: {seconds:.1f} s")
    print(
        f"start={rates[2][0]:.1f} carried_1={rates[1][1]:.0f} carried_2={rates[2][1]:.0f}"
        f" ratio_1={walls[1] / walls[0]:.2f} ratio_2={walls[2] / walls[0]:.2f}"
    )


def carried(workers: int, number: int) -> tuple[float, float]:
    """Seconds until the first answer of a crew, and requests a second from there on."""
    crew = Crew(Cluster(workers), InstantWorker)
    job = Job("instant", "", Path.cwd(), None, "", "")
    started = time.monotonic()
    list(crew.stream(job, messages(workers)))
    start = time.monotonic() - started
    started = time.monotonic()
    answered = sum(len(batch) for batch in crew.stream(job, messages(number)))
    seconds = time.monotonic() - started
    crew.close()
    assert answered == number
    return start, number / seconds


def messages(number: int) -> Iterator[Request]:
    """Requests of a usual size."""
    sampling = Sampling(max_tokens=WORDS)
    for at in range(number):
        ids = (1, 2, 3, at, *range(TOKENS - 4))
        said = (Message("user", "word " * TOKENS),)
        yield Request(f"{at:064x}", said, Encoded("word " * TOKENS, ids, TOKENS), sampling)


def wall(spec: str, number: int, workers: int) -> float:
    """Seconds for emails through a model, in this process or in workers; loading is left out."""
    setup = Setup(Path.cwd())
    here = open_model(spec, setup)
    crew = Crew(Cluster(workers)) if workers else None
    model = SpreadModel(here, setup, crew) if crew else here
    asked = emails(here, number + workers)
    list(model.stream(iter(asked[number:] or asked[:1])))
    started = time.monotonic()
    list(model.stream(iter(asked[:number])))
    seconds = time.monotonic() - started
    if crew:
        crew.close()
    return seconds


def emails(model: Model, number: int) -> Sequence[Request]:
    """Requests that ask for a summary."""
    rows = [json.loads(line) for line in EMAILS.read_text(encoding="utf-8").splitlines()]
    sampling, found = Sampling(max_tokens=64), []
    for row in rows[:number]:
        said = (Message("user", f"Summarize this email in two sentences.\n\n{row['body']}"),)
        encoded = model.encode(said)
        key = fingerprint(model.info.identity, encoded, said, sampling, 0)
        found.append(Request(key, said, encoded, sampling))
    return found


if __name__ == "__main__":
    main()
