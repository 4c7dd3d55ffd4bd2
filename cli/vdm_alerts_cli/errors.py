"""The errors of commands, by the exit status that they lead to."""


class InvalidInputError(Exception):
    """An option, an argument or a file is invalid. The message says which one, and how to fix it.

    The exit status is INVALID.
    """


class UnexpectedResultError(Exception):
    """The result is not what was expected. The exit status is FOUND."""


class NotReadError(Exception):
    """Something could not be read or done. The message says what, why, and how to fix it.

    The exit status is NOT_READ.
    """
