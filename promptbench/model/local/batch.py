"""Cut rows of different lengths into batches: lengths in, the rows' positions out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

# Families whose rows stay what they are beside longer ones, as the tests show: they look at
# nothing that is padding. Others mix it in (FNet) or cut a text by its length (Nystromformer).
PADDED = {
    "albert",
    "bert",
    "camembert",
    "deberta",
    "deberta-v2",
    "distilbert",
    "electra",
    "modernbert",
    "mpnet",
    "roberta",
    "xlm-roberta",
}


def by_length(
    lengths: Sequence[int], rows: int, tokens: int, alike: bool = False
) -> Iterator[list[int]]:
    """Batches of similar length, longest first; of one and the same length if `alike`.

    A batch has at most `rows` rows, and rows x longest length is at most `tokens`; a longer row
    is a batch of its own.
    """
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        full = len(batch) == rows or (batch and lengths[batch[0]] * (len(batch) + 1) > tokens)
        if batch and (full or (alike and lengths[i] != lengths[batch[0]])):
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch
