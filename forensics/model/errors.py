"""Errors that a person can act on, and the exit codes that other programs can act on."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command line."""

    DONE = 0
    FAIL_ON_MET = 1
    USAGE = 2
    UNUSABLE_INPUT = 3
    DELIVERY_INCOMPLETE = 4
    INTERNAL = 5
    LOCKED = 75


class ForensicsError(Exception):
    """What was found, where, what was expected; ``hint`` says what to do about it."""

    exit_code = Exit.INTERNAL

    def __init__(self, message: str, *, hint: str | None = None, where: str | None = None) -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.hint = hint


class UsageError(ForensicsError):
    """The command, a rule, a mapping or the configuration is wrong."""

    exit_code = Exit.USAGE


class InputError(ForensicsError):
    """The logs cannot be used: nothing matched, nothing readable, too much rejected."""

    exit_code = Exit.UNUSABLE_INPUT


class StoreError(ForensicsError):
    """The store is missing, damaged, or written by a newer version."""

    exit_code = Exit.INTERNAL


class LockedError(ForensicsError):
    """Another run holds the store's lock."""

    exit_code = Exit.LOCKED
