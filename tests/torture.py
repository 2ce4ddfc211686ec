"""`make torture`: a thousand new walks over the desk of tests/desk/test_machine.py, by hand, not in CI.

    python -m tests.torture [WALKS] [SEED]

The seed is printed; the same one walks the same ways. A walk that goes wrong is made short and printed step by step:
mend the code, and keep the walk as a plain test.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor, as_completed

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.desk.test_machine import TheDesk

_AT_ONCE = 50
_STEPS = 60


def walk(number: int, walks: int) -> str | None:
    """So many walks with this seed: how one of them went wrong, or None."""
    wanted = settings(
        max_examples=walks,
        stateful_step_count=_STEPS,
        deadline=None,
        database=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(seed(number)(TheDesk), settings=wanted)
    except Exception as failure:
        told = "\n".join(getattr(failure, "__notes__", ()))
        return f"seed {number}, {walks} walks:\n{traceback.format_exc()}\n{told}"
    return None


def main(walks: int, first: int) -> int:
    """Walk with as many processes as there are processors; the exit code."""
    print(f"{walks} walks of up to {_STEPS} steps, seed {first}", flush=True)  # noqa: T201
    started, done = time.monotonic(), 0
    counts = [min(_AT_ONCE, walks - start) for start in range(0, walks, _AT_ONCE)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        runs = {pool.submit(walk, first + number, count): count for number, count in enumerate(counts)}
        for run in as_completed(runs):
            trouble = run.result()
            if trouble is not None:
                print(trouble, flush=True)  # noqa: T201
                pool.shutdown(cancel_futures=True)
                return 1
            done += runs[run]
            print(f"{done} walks, {time.monotonic() - started:.0f} s", flush=True)  # noqa: T201
    print(f"All {done} went well.")  # noqa: T201
    return 0


if __name__ == "__main__":
    asked = [int(word) for word in sys.argv[1:3]]
    sys.exit(main(asked[0] if asked else 1000, asked[1] if len(asked) > 1 else random.randrange(10**6)))
