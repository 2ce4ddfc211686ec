"""Which Q&A entry a text is about: TF-IDF of words and letters, logistic regression on the templates' examples.

With a few hundred examples the regression is quicker solved in its dual form, one coefficient for each example and
topic, where numpy alone is as good as scikit-learn and needs a tenth of its loading time. There is no intercept: what
is like no example scores near zero, which is how "no template fits" is told.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from caretool.language.words import Words, split

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from caretool.domain.template import Template

    Floats = NDArray[np.float64]
    Row = tuple[NDArray[np.intp], Floats, float]

_WORDS_READ: Final = 200
_SENTENCES_READ: Final = 12
_SENTENCE_FROM: Final = 3
_LETTERS: Final = (3, 4, 5)
_DECAY: Final = 0.05
_STEPS: Final = 150
_TURNS: Final = 8
_SHARPNESS: Final = 1.5
_NEAR: Final = 0.5
"""Scoring half as high as the examples themselves do counts as wholly near."""
_CALIBRATION: Final = 0.6
"""Brings the raw figure near the share of right answers, as measured on examples held back."""
_JINJA: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


class Topics:
    """The topics of all templates; a model a language, each made when its first text comes along."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self._examples: dict[str, list[_Example]] = {}
        for template in templates:
            for language, texts in template.examples.items():
                known = self._examples.setdefault(language, [])
                known += [_Example(split(text), template.topic) for text in texts]
                known += [_Example(split(text), template.topic, ours=True) for text in _ours(template, language)]
        for language, known in self._examples.items():
            self._examples[language] = [example for example in known if example.words.tokens]
        self._models: dict[str, _Model | None] = {}

    def rank(self, words: Words, language: str) -> list[tuple[str, float]]:
        """`(topic, confidence)` of every topic, best first, by the examples in `language`, or by all examples where
        that language has none. Confidence is 0–1: how sure this topic is among all, less where the text is far from
        every example. Empty where there is nothing to compare."""
        key = language if self._examples.get(language) else ""
        if key not in self._models:
            examples = self._examples.get(key) or [example for known in self._examples.values() for example in known]
            self._models[key] = _Model(examples) if examples else None
        model = self._models[key]
        return model.rank(words) if model and words.tokens else []


@dataclass(frozen=True, slots=True)
class _Example:
    """A text of a topic: somebody's question, or our own answer, which names the same things."""

    words: Words
    topic: str
    ours: bool = False


def _ours(template: Template, language: str) -> list[str]:
    wording = template.replies.get(language)
    texts = (wording.public, wording.private) if wording else ()
    return [_JINJA.sub(" ", text) for text in texts if text]


class _Model:
    def __init__(self, examples: Sequence[_Example]) -> None:
        import numpy as np

        features = [_features(example.words) for example in examples]
        seen = Counter(feature for blocks in features for block in blocks for feature in block)
        rarest = 1 + len(examples)
        self._columns = {feature: at for at, feature in enumerate(seen)}
        self._rarity = np.array([math.log(rarest / (1 + times)) + 1 for times in seen.values()])
        self._rarity_unseen = math.log(rarest) + 1
        self.topics = sorted({example.topic for example in examples})
        x = np.zeros((len(examples), len(self._columns)), dtype=np.float32)
        for at, blocks in enumerate(features):
            columns, values, _ = self._row(blocks)
            x[at, columns] = values
        y = np.array([[each.topic == topic for topic in self.topics] for each in examples], dtype=np.float32)
        self._weights = x.T @ (_dual(x @ x.T, y) if len(self.topics) > 1 else y / len(y))
        theirs = np.array([not example.ours for example in examples])
        own = (x @ self._weights)[y.astype(bool) & theirs[:, None]]
        self._own = max(float(np.median(own)), 1e-6) if own.size else 1.0

    def rank(self, words: Words) -> list[tuple[str, float]]:
        """By the best of the whole text and each of its sentences: a long letter has its matter in one of them."""
        import numpy as np

        scores = np.max([self.scores(part) for part in (words, *_sentences(words))], axis=0)
        shares = np.exp(_SHARPNESS * (scores - scores.max()))
        near = np.clip(scores / (_NEAR * self._own), 0.0, 1.0)
        confidences = (near * shares / shares.sum()) ** _CALIBRATION
        order = np.argsort(-confidences, kind="stable")
        return [(self.topics[at], round(float(confidences[at]), 4)) for at in order]

    def scores(self, words: Words) -> Floats:
        """One score for each of `topics`; near zero where the text is like none of the examples."""
        columns, values, known = self._row(_features(words))
        return known * (values @ self._weights[columns])

    def _row(self, blocks: Sequence[Mapping[str, float]]) -> Row:
        """The columns and values of a text as a unit vector in which words and letters weigh the same, and the share
        of it (0–1) that the examples know."""
        import numpy as np

        columns: list[int] = []
        values: list[Floats] = []
        known = unknown = 0.0
        for block in blocks:
            pairs = [(self._columns[feature], weight) for feature, weight in block.items() if feature in self._columns]
            at = [column for column, _ in pairs]
            weights = np.array([weight for _, weight in pairs]) * self._rarity[at]
            length = float(weights @ weights)
            known += length
            strangers = (weight for feature, weight in block.items() if feature not in self._columns)
            unknown += sum((weight * self._rarity_unseen) ** 2 for weight in strangers)
            columns += at
            values.append(weights / math.sqrt(length or 1.0))
        joined = np.concatenate(values)
        joined /= np.linalg.norm(joined) or 1.0
        return np.array(columns, dtype=np.intp), joined, math.sqrt(known / (known + unknown)) if known else 0.0


def _sentences(words: Words) -> list[Words]:
    """The sentences of at least three words, where there are several."""
    parts: dict[int, list[str]] = {}
    for token, sentence in zip(words.tokens, words.sentences, strict=True):
        parts.setdefault(sentence, []).append(token)
    if len(parts) < 2:
        return []
    long = [tokens for tokens in parts.values() if len(tokens) >= _SENTENCE_FROM]
    return [Words(tuple(tokens), (0,) * len(tokens), (0,) * len(tokens)) for tokens in long[:_SENTENCES_READ]]


def _dual(kernel: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """The dual coefficients of a multinomial logistic regression, by Nesterov's accelerated descent."""
    import numpy as np

    # Nothing in the kernel is negative, so this bounds its largest eigenvalue from above (Collatz–Wielandt).
    direction = np.ones(len(kernel), dtype=np.float32)
    for _ in range(_TURNS):
        direction = np.maximum(kernel @ direction, np.float32(1e-9))
        direction /= direction.max()
    steepest = 0.5 * float(np.max(kernel @ direction / direction)) + _DECAY
    coefficients = ahead = np.zeros_like(y)
    for step in range(_STEPS):
        scores = kernel @ ahead
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        stepped = ahead - (shares - y + _DECAY * ahead) / steepest
        ahead = stepped + step / (step + 3) * (stepped - coefficients)
        coefficients = stepped
    return coefficients


def _features(words: Words) -> tuple[dict[str, float], dict[str, float]]:
    """Words with pairs of words, and the letter groups within words, each with a damped count."""
    tokens = words.tokens[:_WORDS_READ]
    whole = Counter(tokens)
    whole.update(f"{first} {second}" for first, second in pairwise(tokens))
    letters: Counter[str] = Counter()
    for token in tokens:
        padded = f"_{token}_"
        for size in _LETTERS:
            letters.update(f"~{padded[at : at + size]}" for at in range(max(1, len(padded) - size + 1)))
    return _damped(whole), _damped(letters)


def _damped(count: Counter[str]) -> dict[str, float]:
    return {feature: 1 + math.log(times) if times > 1 else 1.0 for feature, times in count.items()}
