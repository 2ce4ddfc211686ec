"""Anything at all, thrown at what reads files, servers and sentences (`make torture FUZZ=20`; docs/decisions/0026).

An input is a letter that names what reads it, and the bytes that are read. `judge` raises `Fault` where what comes out
is neither a value that holds nor an error a person can read. `corpus` holds inputs that between them reach what was
ever reached; `make test` reads them all again.
"""
