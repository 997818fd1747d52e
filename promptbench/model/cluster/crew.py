"""A crew of workers on a Ray cluster: batches out, completions in as they come, none lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from types import ModuleType
from typing import Any, TypeVar

from promptbench.error import RunError
from promptbench.model.cluster.settings import Cluster
from promptbench.model.cluster.share import MOST, batches
from promptbench.model.cluster.start import first_line, imported, shape, start
from promptbench.model.cluster.worker import Job, Trouble, Worker
from promptbench.model.protocol import Notify, quiet
from promptbench.record import Completion, Request

# Requests that are looked through for shared beginnings at once, a worker.
WINDOW = 4 * MOST
# A batch that has cost so many workers is not given to another one.
TRIES = 3

Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(slots=True)
class Errand:
    """A batch on its way: what of it is not answered yet, and how many workers it has cost."""

    left: dict[str, Request]
    lost: int = 0


@cache
def crew_for(cluster: Cluster) -> Crew:
    """The crew of a cluster: one in a process, for Ray knows no more."""
    return Crew(cluster)


class Crew:
    """Workers that are hired when there is work, each a process with a share of a machine."""

    def __init__(self, cluster: Cluster, kind: type[Worker] = Worker) -> None:
        """Nothing is started before the first work."""
        self.cluster = cluster
        self.kind = kind
        self.idle: list[Any] = []
        self.number = 0
        self.needs: dict[str, float] = {}

    @property
    def ray(self) -> ModuleType:
        """Ray, with the cluster started or joined. Raises InputError without it."""
        ray = imported(self.cluster)
        if not ray.is_initialized():
            start(ray, self.cluster)
            self.idle = []
        if not self.needs:
            self.number, self.needs = shape(ray, self.cluster)
        return ray

    def close(self) -> None:
        """Let all workers go, and end a cluster that was started for them."""
        ray = imported(self.cluster)
        if ray.is_initialized():
            ray.shutdown()
        self.idle, self.needs = [], {}

    @property
    def size(self) -> int:
        """How many workers there are to be."""
        return self.number if self.ray else 0

    # Requests

    def stream(
        self, job: Job, requests: Iterable[Request], notify: Notify = quiet
    ) -> Iterator[list[Completion]]:
        """Completions as workers hand them over. Raises what ended the work of one of them."""
        ray = self.ray
        source, waiting = iter(requests), deque[Errand]()
        busy: dict[Any, tuple[Any, Errand]] = {}
        try:
            while True:
                self.send_out(job, source, waiting, busy)
                if not busy:
                    return
                (ready, *_), _ = ray.wait(list(busy), num_returns=1, fetch_local=False)
                worker, errand = busy[ready]
                found = self.take(ray, ready)
                if isinstance(found, Trouble):
                    raise found.error()
                if isinstance(found, list):
                    for done in found:
                        errand.left.pop(done.key, None)
                    yield found
                    continue
                del busy[ready]
                if found is None:
                    self.idle.append(worker)
                    continue
                notify(f"A worker was lost ({found}); what it had not answered is asked again.")
                if given_up := again(errand, waiting, found):
                    yield given_up
        finally:
            for worker, _ in busy.values():  # whoever left does not wait for them
                ray.kill(worker)

    def send_out(
        self,
        job: Job,
        source: Iterator[Request],
        waiting: deque[Errand],
        busy: dict[Any, tuple[Any, Errand]],
    ) -> None:
        """Give every worker something to do, as long as there is something."""
        while len(busy) < self.number:
            if not waiting:
                waiting.extend(errands(list(islice(source, WINDOW * self.number)), self.number))
            if not waiting:
                return
            worker, errand = self.hire(), waiting.popleft()
            answering = worker.answer.options(num_returns="streaming")
            busy[answering.remote(job, list(errand.left.values()))] = worker, errand

    def take(self, ray: ModuleType, going: Any) -> list[Completion] | Trouble | str | None:
        """What a worker hands over next: None at the end, a text if it was lost."""
        try:
            found: list[Completion] | Trouble = ray.get(next(going))
        except StopIteration:
            return None
        except ray.exceptions.RayActorError as error:
            return str(error).split("\n", 1)[0]
        except ray.exceptions.RayTaskError as error:
            return Trouble(
                "RunError", f"a worker failed: {error.cause!r}", "", "See Ray's logs of the worker."
            )
        return found

    def hire(self) -> Any:
        """An idle worker, or a new one."""
        if self.idle:
            return self.idle.pop()
        return self.ray.remote(self.kind).options(**self.needs).remote()

    def release(self) -> None:
        """Let idle workers let go of their models."""
        for worker in self.idle:
            worker.release.remote()

    # Other work

    def each(
        self, work: Callable[[Item], Made], items: Sequence[Item]
    ) -> Iterator[tuple[Item, Made]]:
        """What some work makes of each item, in the order in which it is done.

        An item whose worker is lost is begun again by another one, twice at most.
        """
        ray = self.ray
        for worker in self.idle:  # their models' memory is wanted
            ray.kill(worker)
        self.idle = []
        task = ray.remote(work).options(max_retries=TRIES - 1, **self.needs)
        going = {task.remote(item): item for item in items}
        try:
            while going:
                (ready, *_), _ = ray.wait(list(going), num_returns=1)
                item = going.pop(ready)
                yield item, ray.get(ready)
        except ray.exceptions.WorkerCrashedError as error:
            raise RunError(
                f"a worker was lost {TRIES} times: {first_line(error)}",
                hint="Did memory run out? Take fewer --workers; what was finished is kept.",
            ) from error
        finally:
            for ready in going:
                ray.cancel(ready, force=True)


def errands(window: Sequence[Request], workers: int) -> list[Errand]:
    """Batches of a window."""
    return [Errand({one.key: one for one in batch}) for batch in batches(window, workers)]


def again(errand: Errand, waiting: deque[Errand], why: str) -> list[Completion]:
    """Let another worker do what a lost one has left, or give it up: completions with an error."""
    lost = replace(errand, lost=errand.lost + 1)
    if lost.left and lost.lost < TRIES:
        waiting.appendleft(lost)
        return []
    said = f"{TRIES} workers were lost over its batch: {why}"
    return [
        Completion(one.key, "", one.encoded.tokens, 0, "", 0.0, error=said)
        for one in lost.left.values()
    ]
