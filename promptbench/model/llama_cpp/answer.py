"""Answer one request after another: write it token by token, or weigh the labels to choose from."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import groupby

from promptbench.model.llama_cpp.choose import Chooser, Logits, log_shares
from promptbench.model.llama_cpp.reader import Reader
from promptbench.model.local.chosen import Chosen, Heard, decide
from promptbench.model.local.row import Ends, Listen, Row, nobody
from promptbench.record import Choice, Request

Tokens = tuple[int, ...]


def answer(request: Request, reader: Reader, ends: Ends, listen: Listen = nobody) -> Row | Chosen:
    """Run a request to its end. Raises ReadingError, and RunError as the reader does."""
    started = time.perf_counter()
    choice = request.sampling.choice
    done: Row | Chosen
    if choice is None:
        done = written(request, reader, ends, listen)
    else:
        done = weighed(request, choice, reader, ends)
    done.seconds = time.perf_counter() - started
    return done


def written(request: Request, reader: Reader, ends: Ends, listen: Listen) -> Row:
    """The row of an answer that is written."""
    prompt = request.encoded.ids
    row = Row(request, Chooser(request.sampling, request.key, prompt), ends)
    logits = reader.read(prompt)
    while True:
        row.hear((), logits[None])
        listen(row)
        if row.finish:
            return row
        logits = reader.step(row.tokens[-1])


def weighed(request: Request, choice: Choice, reader: Reader, ends: Ends) -> Chosen:
    """The decision among labels, by the log-likelihood of each of their words."""
    prompt = request.encoded.ids
    words = [word for words in choice.words for word in words]
    wanted = ends.continue_with(request.encoded, words)
    ways = sorted(set(wanted))
    totals = dict(weigh(ways, len(prompt), 0, reader.read(prompt), reader))
    heard = [Heard(totals[tokens], len(tokens)) for tokens in wanted]
    return decide(request, heard)


def weigh(
    ways: Sequence[Tokens], length: int, depth: int, logits: Logits, reader: Reader
) -> Iterator[tuple[Tokens, float]]:
    """The log-likelihood of each of some ways to go on, sorted, that are alike up to `depth`.

    The reader has read that far, and `length` tokens before; `logits` are what it found there.
    What ways begin with alike is read once.
    """
    shares = log_shares(logits)
    for token, group in groupby(ways, key=lambda way: way[depth]):
        share = float(shares[token])
        longer = []
        for way in group:
            if len(way) > depth + 1:
                longer.append(way)
            else:
                yield way, share
        if longer:
            after = reader.step(token)
            for way, rest in weigh(longer, length, depth + 1, after, reader):
                yield way, share + rest
            reader.rewind(length + depth)
