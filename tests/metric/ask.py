"""Short ways to ask for a metric and a case, for the tests beside this file."""

from collections.abc import Sequence

import numpy as np

from promptbench.metric.protocol import Metric
from promptbench.metric.registry import build_metrics
from promptbench.record import Case, Completion, Labels, MetricSpec

LABELS = Labels(("a b", "other"), (("a b",), ("other",)))


class LetterEmbedder:
    """Counts letters: of a text for its vector, of each word for its tokens' vectors."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.asked.append(tuple(texts))
        return np.array([[text.count(one) for one in "abcdefgh"] for text in texts], np.float32)

    def tokens(self, texts: Sequence[str]) -> list[np.ndarray]:
        self.asked.append(tuple(texts))
        return [self._words(text.split()) for text in texts]

    def _words(self, words: Sequence[str]) -> np.ndarray:
        rows = [[word.count(one) for one in "abcdefgh"] for word in words]
        return np.array(rows, np.float32).reshape(len(words), 8)


EMBEDDER = LetterEmbedder()


def metric(kind: str, **settings: object) -> Metric:
    spec = MetricSpec(kind, settings, "suite.yaml:7")
    return build_metrics([spec], LABELS, lambda: EMBEDDER)[0]


def case(*references: str, **variables: object) -> Case:
    return Case("one", variables, references)


def output(text: str) -> Completion:
    return Completion("key", text, 3, 5, "stop", 0.5)


def score(asked: Metric, text: str, *references: str) -> float:
    found = asked.score(output(text), case(*references))
    assert found.value is not None, found.reason
    assert (found.metric, found.reason) == (asked.info.name, "")
    return found.value


def unscored(asked: Metric, text: str, *references: str) -> str:
    found = asked.score(output(text), case(*references))
    assert found.value is None
    assert found.metric == asked.info.name
    return found.reason
