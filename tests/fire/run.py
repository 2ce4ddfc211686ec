"""Many schedules and kills at once, and what came of them in a few lines. `make torture` runs it; so does

python -m tests.fire.run [SCHEDULES] [KILLS] [SEED]
"""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.desk.crashing import Forge
from tests.fire.dialects import DIALECTS
from tests.fire.kills import FireServer, kill
from tests.fire.schedules import Burnt, burn

_AT_ONCE = 25
_ID = re.compile(r"\br[0-9a-z]{6,}\b")


def burn_all(dialect: str, seeds: Sequence[int]) -> list[Burnt]:
    """These schedules."""
    return [burn(dialect, seed) for seed in seeds]


def under_fire(schedules: int, kills: int, seed: int) -> bool:
    """So many of each, spread over the dialects; prints what came of it. False: something must not be."""
    started = time.monotonic()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        each = -(-schedules // len(DIALECTS))
        batches = [
            (dialect, range(start, min(start + _AT_ONCE, seed + each)))
            for start in range(seed, seed + each, _AT_ONCE)
            for dialect in DIALECTS
        ]
        well = True
        burnt: list[Burnt] = []
        for found in pool.map(burn_all, *zip(*batches, strict=True)):
            burnt += found
            if len(burnt) % (20 * _AT_ONCE) == 0:
                print(f"{len(burnt)} schedules, {time.monotonic() - started:.0f} s", flush=True)  # noqa: T201
            for one in found:
                if one.wrong:
                    well = False
                    print(f"{one.dialect}, seed {one.seed}: {'; '.join(one.wrong)[:600]}", flush=True)  # noqa: T201
            if not well:
                pool.shutdown(cancel_futures=True)
                return False
    _tell_burnt(burnt, time.monotonic() - started)
    return _kills(kills, seed) and well


def _tell_burnt(burnt: Sequence[Burnt], seconds: float) -> None:
    print(f"{len(burnt)} schedules under fire, {seconds:.0f} s:")  # noqa: T201
    for dialect in DIALECTS:
        of = [one for one in burnt if one.dialect == dialect]
        replies = sum((one.replies for one in of), Counter[str]())
        faults = sum((one.faults for one in of), Counter[str]())
        told = ", ".join(f"{count} {state}" for state, count in sorted(replies.items()))
        comments = sum(one.comments for one in of)
        print(f"  {dialect}: {comments} comments, replies: {told}; {faults.total()} faults")  # noqa: T201
    reasons = Counter(_ID.sub("R", why) for one in burnt for why in one.unsure)
    for why, count in reasons.most_common(3):
        print(f"  unsure, {count} times: {why}")  # noqa: T201


def _kills(wanted: int, seed: int) -> bool:
    """Desk after desk, in turn over the dialects, until so many processes were killed."""
    done: Counter[str] = Counter()
    replies: Counter[str] = Counter()
    well = True
    with TemporaryDirectory() as name, closing(Forge(Path(name) / "warm")) as forge, closing(FireServer()) as server:
        while done.total() < wanted:
            for dialect in DIALECTS:
                one = kill(forge, server, Path(name) / f"{dialect}{seed}", dialect, seed)
                done[dialect] += one.kills
                replies += one.replies
                for wrong in one.wrong:
                    well = False
                    print(f"{dialect}, killed, seed {seed}: {wrong}", flush=True)  # noqa: T201
            seed += 1
    told = ", ".join(f"{count} {state}" for state, count in sorted(replies.items()))
    print(f"{done.total()} processes killed ({dict(done)}), replies: {told}.")  # noqa: T201
    return well


if __name__ == "__main__":
    asked = [int(word) for word in sys.argv[1:4]] + [10_000, 300, random.randrange(10**6)][len(sys.argv) - 1 :]
    print(f"{asked[0]} schedules, {asked[1]} kills, seed {asked[2]}", flush=True)  # noqa: T201
    sys.exit(not under_fire(*asked))
