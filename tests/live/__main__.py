"""`python -m tests.live [NAME…]`: each server (all, if none is named) is started, its tests run, and it is ended.

One line a server: its version, and what came of the tests. Exit code: 0 all passed, 1 not all, 2 no such server.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests.live.servers import HERE, Unavailable, known, server, variables


def main(names: list[str]) -> int:
    """Run the tests against these servers."""
    unknown = [name for name in names if name not in known()]
    if unknown:
        print(f"There is no server {' '.join(unknown)}: {', '.join(known())}", file=sys.stderr)  # noqa: T201
        return 2
    return max([_run(name) for name in names or known()], default=0)


def _run(name: str) -> int:
    live, version = server(name), "?"
    try:
        given = variables(name, live.start())
        version = live.version
        words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n0", str(HERE / f"live_{name}.py")]
        ran = subprocess.run(words, env={**os.environ, **given}, cwd=HERE.parents[1])
        code = ran.returncode
        said = "passed" if code == 0 else "FAILED"
    except (Unavailable, OSError, subprocess.SubprocessError) as problem:
        said, code = f"could not be started: {problem}", 1
    finally:
        live.stop()
    print(f"{name}: {version}: {said}", flush=True)  # noqa: T201
    return min(code, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
