"""Exactly once under fire: whole desks on servers that drop, delay, repeat, refuse and forget, and processes killed."""
