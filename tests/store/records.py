"""Short ways to make what a store keeps, for the tests beside this file."""

from __future__ import annotations

from collections.abc import Sequence

from promptbench.record import (
    Candidate,
    Case,
    Completion,
    Encoded,
    Message,
    MetricInfo,
    Prompt,
    Request,
    Run,
    Sampling,
    Section,
)
from promptbench.store.cell import Cell
from promptbench.store.database import Sitting, Store

CREATED = "2025-01-02T03:04:05Z"
PLAN = "plan-digest"


def case(number: int) -> Case:
    return Case(f"mail-{number}", {"body": f"Grüße {number}"}, ("a", "b"), f"thread-{number}")


def candidate(name: str) -> Candidate:
    prompt = Prompt(name, f"prompts/{name}.j2", "{{ body }}", f"digest of {name}")
    return Candidate(name, prompt, "fake", "identity", Sampling(stop=("\n", "END")))


def run(run_id: str = "mail-1", *, repeats: int = 1, names: Sequence[str] = ("a", "b")) -> Run:
    return Run(
        id=run_id,
        suite="mail",
        description="Which prompt?",
        created=CREATED,
        status="running",
        split="test",
        repeats=repeats,
        primary="rougeL",
        metrics=(MetricInfo("rougeL", "ROUGE-L", "higher", settings={"stemmer": True}),),
        candidates=tuple(map(candidate, names)),
        seconds=0.0,
        manifest={"versions": {"python": "3.11"}, "seed": None},
    )


def request(key: str) -> Request:
    messages = (Message("user", f"text of {key}", (Section("input", 0, 4),)),)
    return Request(key, messages, Encoded(f"<user>text of {key}", (1, 2, 70_000), 3), Sampling())


def completion(key: str, text: str = "A summary.", error: str = "") -> Completion:
    return Completion(key, text, 3, 5, "stop", 0.5, error)


def begin(store: Store, wanted: Run | None = None, *, cases: int = 3, serial: int = 0) -> str:
    wanted = wanted or run()
    plan = Sitting(f"plan of {wanted.id.split('-')[0]}", serial, fresh=False)
    store.begin(wanted, plan, map(case, range(cases)))
    return wanted.id


def save(store: Store, run_id: str, done: Completion, *cells: Cell) -> None:
    store.save(run_id, CREATED, {done.key: request(done.key)}, [done], {done.key: cells})
