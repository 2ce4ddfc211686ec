"""`make torture`: new walks over desk and ledger, by hand (tests/desk/test_machine.py, test_ledger_machine.py).

    python -m tests.torture [WALKS] [SEED]

`make torture FUZZ=20` throws anything at all at what reads files, servers and sentences instead, for twenty minutes a
group (tests/fuzzing).

A thousand walks of the desk, and of the ledger as many as make 100,000 steps. Then 1,000 coupons are drawn by four
processes that are killed at random; and ten desks a walk stand under fire, on platforms where everything goes wrong
(tests/fire). The seed is printed; the same one walks the same ways. A walk that goes wrong is made short and printed
step by step: mend the code, and keep it as a test.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from tests.desk.test_ledger_machine import TheLedger
from tests.desk.test_machine import TheDesk
from tests.desk.test_rewards_under_fire import draw_under_fire
from tests.fire.run import under_fire

_MACHINES = {"desk": TheDesk, "ledger": TheLedger}
_SHARES = {"desk": 1.0, "ledger": 2.1}
_AT_ONCE = 50
_STEPS = 60
_SCHEDULES = 10


def walk(machine: str, number: int, walks: int) -> tuple[int, str | None]:
    """So many walks of a machine with this seed: how many steps they had, and how one of them went wrong, or None."""
    steps = 0

    class Counted(_MACHINES[machine]):  # type: ignore[misc]
        @invariant()
        def a_step_was_made(self) -> None:
            nonlocal steps
            steps += 1

    wanted = settings(
        max_examples=walks,
        stateful_step_count=_STEPS,
        deadline=None,
        database=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(seed(number)(Counted), settings=wanted)
    except Exception as failure:
        told = "\n".join(getattr(failure, "__notes__", ()))
        return steps, f"{machine}, seed {number}, {walks} walks:\n{traceback.format_exc()}\n{told}"
    return steps, None


def main(walks: int, first: int) -> int:
    """Walk with as many processes as there are processors; the exit code."""
    print(f"{walks} walks of up to {_STEPS} steps, seed {first}", flush=True)  # noqa: T201
    started = time.monotonic()
    done = dict.fromkeys(_MACHINES, 0)
    made = dict.fromkeys(_MACHINES, 0)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        runs = {}
        for machine, share in _SHARES.items():
            every = round(walks * share)
            for number, start in enumerate(range(0, every, _AT_ONCE)):
                count = min(_AT_ONCE, every - start)
                runs[pool.submit(walk, machine, first + number, count)] = machine, count
        for run in as_completed(runs):
            steps, trouble = run.result()
            if trouble is not None:
                print(trouble, flush=True)  # noqa: T201
                pool.shutdown(cancel_futures=True)
                return 1
            machine, count = runs[run]
            done[machine] += count
            made[machine] += steps
            said = ", ".join(f"{name}: {number} walks, {made[name]} steps" for name, number in done.items())
            print(f"{said}, {time.monotonic() - started:.0f} s", flush=True)  # noqa: T201
    print(f"All {sum(done.values())} walks went well.")  # noqa: T201
    with TemporaryDirectory() as folder:
        found = draw_under_fire(Path(folder) / "shop", codes=1000, people=1500, kills=60, seed=first)
    print(f"1,000 coupons, four processes, 60 kills: {dict(found)}, none lost, none given twice.")  # noqa: T201
    return 0 if under_fire(_SCHEDULES * walks, max(walks * 3 // 10, 1), first) else 1


if __name__ == "__main__":
    asked = [int(word) for word in sys.argv[1:3]]
    sys.exit(main(asked[0] if asked else 1000, asked[1] if len(asked) > 1 else random.randrange(10**6)))
