"""The files of a new connector: `make platform NAME=x`, or `python -m tests.new_platform x`."""
