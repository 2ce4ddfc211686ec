"""Real servers on loopback: `python -m tests.live [NAME…]`, by hand and not in CI. See tests/live/servers.py."""
