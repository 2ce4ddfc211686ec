"""Exact and near copies among many short texts."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from caretool.language.words import READ, split

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BANDS: Final = 12
_ROWS: Final = 2
_SHINGLE: Final = 3
_LEADERS: Final = 12
_CHUNK: Final = 20_000
_NEAR_READ: Final = 1_000
_NEGATIONS: Final = frozenset(
    {
        "non",
        "no",
        "mai",
        "nessuno",
        "nessuna",
        "nessun",
        "senza",
        "not",
        "never",
        "nobody",
        "nothing",
        "without",
        "cannot",
    }
    | {f"{verb}nt" for verb in ("do", "does", "did", "is", "was", "are", "ca", "could", "wo", "would", "have", "has")}
)


def fold_key(text: str) -> str:
    """What stays of a text when case, accents, punctuation, emoji, links and mentions are dropped; digits stay, for two
    order numbers are two matters. A text of nothing else (a lone link, emoji) keeps them, so that it equals only
    itself. Only the first 5,000 characters count; empty for an empty text."""
    key = " ".join(word for word in split(text).tokens if word[0].isalnum())
    return key or " ".join(unicodedata.normalize("NFKC", text[:READ]).casefold().split())


def near_copies(texts: Sequence[str]) -> list[int]:
    """For each text the index of the first text it is a near copy of, itself if none; the first of a set is its own.

    Near: at least 80 % of the characters alike in order, or 85 % with the words sorted, and as many negations ("è
    arrivato" is no copy of "non è arrivato"). Candidates come from MinHash bands, so that time grows with the number
    of texts and not with its square: a rare pair near the limit may be missed.
    """
    first_of: dict[str, int] = {}
    exact = [first_of.setdefault(fold_key(text), at) for at, text in enumerate(texts)]
    unique = list(first_of.values())
    keys = [key[:_NEAR_READ] for key in first_of]
    leader_of = dict(zip(unique, (unique[at] for at in _leaders(keys)), strict=True))
    return [leader_of[at] for at in exact]


def near(text: str, others: Sequence[str]) -> list[bool]:
    """For each of the others whether it says the same as the text, or nearly, by the measure of `near_copies`; every
    one is held against it, so none is missed."""
    key = fold_key(text)[:_NEAR_READ]
    keys = [fold_key(other)[:_NEAR_READ] for other in others]
    return [other == key or _alike(key, other) for other in keys]


def _alike(key: str, other: str) -> bool:
    from rapidfuzz import fuzz

    words, other_words = key.split(), other.split()
    if sum(word in _NEGATIONS for word in words) != sum(word in _NEGATIONS for word in other_words):
        return False
    in_order = fuzz.ratio(key, other, score_cutoff=80)
    return bool(in_order or fuzz.ratio(" ".join(sorted(words)), " ".join(sorted(other_words)), score_cutoff=85))


def _leaders(keys: list[str]) -> list[int]:
    """For each key, the position of the first earlier leader it is near to, or its own position."""
    from rapidfuzz import fuzz

    sorted_words = [" ".join(sorted(key.split())) for key in keys]
    negations = [sum(word in _NEGATIONS for word in key.split()) for key in keys]
    buckets: dict[tuple[int, int], list[int]] = {}
    leaders: list[int] = []
    for at, bands in enumerate(_bands(keys)):
        near = (
            other
            for other in sorted({other for band in bands for other in buckets.get(band, ())})
            if negations[other] == negations[at]
            and (
                fuzz.ratio(keys[at], keys[other], score_cutoff=80)
                or fuzz.ratio(sorted_words[at], sorted_words[other], score_cutoff=85)
            )
        )
        leader = next(near, at)
        leaders.append(leader)
        if leader == at:
            for band in bands:
                bucket = buckets.setdefault(band, [])
                if len(bucket) < _LEADERS:
                    bucket.append(at)
    return leaders


def _bands(keys: list[str]) -> list[list[tuple[int, int]]]:
    """The MinHash bands of each key, computed a chunk of keys at a time to bound memory."""
    import numpy as np

    odd = np.random.default_rng(20_261_121).integers(1, 2**63, size=_BANDS * _ROWS, dtype=np.uint64) | np.uint64(1)
    bands: list[list[tuple[int, int]]] = []
    for start in range(0, len(keys), _CHUNK):
        sketches = _sketches(keys[start : start + _CHUNK], odd)
        mixed = sketches[:, 0::_ROWS] * np.uint64(0x9E3779B97F4A7C15) + sketches[:, 1::_ROWS]
        bands += [list(enumerate(row)) for row in mixed.tolist()]
    return bands


def _sketches(keys: list[str], odd: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One row a key: for each hash function the smallest hash among the key's three-letter shingles."""
    import numpy as np

    padded = [f" {key} ".ljust(_SHINGLE) for key in keys]
    lengths = np.array([len(text) for text in padded])
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    prime = np.uint64(1_000_003)
    shingles = np.zeros_like(codes)
    shingles[:-2] = (codes[:-2] * prime + codes[1:-1]) * prime + codes[2:]
    shingles ^= shingles >> np.uint64(29)
    ends = np.cumsum(lengths)
    starts = ends - lengths
    # the two shingles that straddle a border repeat the text's first one instead of mixing two texts
    for back in (1, 2):
        shingles[ends - back] = shingles[starts]
    columns = [np.minimum.reduceat((shingles * factor) >> np.uint64(16), starts) for factor in odd]
    return np.stack(columns, axis=1)
