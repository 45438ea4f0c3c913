"""Putting functions in place of others."""

from functools import wraps


def replace(owner, **changes):
    """Each change gets the function that was there, and gives the one that shall be there."""
    for name, change in changes.items():
        original = getattr(owner, name, None)
        changed = change(original)
        setattr(owner, name, wraps(original)(changed) if original else changed)
