"""Status codes of the wire API and the one exception that carries them.

Codes, their HTTP equivalents and the texts follow TensorFlow Serving, so that its clients read ours alike.
"""

import enum


class Code(enum.IntEnum):
    """Canonical status codes; the numbers are those of gRPC and of `tf.errors`."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


HTTP_STATUS: dict[Code, int] = {
    Code.OK: 200,
    Code.CANCELLED: 499,
    Code.UNKNOWN: 500,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 500,
    Code.UNAUTHENTICATED: 401,
}


class ServingError(Exception):
    """A request, or the load of a version, that fails for a reason its sender may read.

    Attributes:
      code: canonical code.
      message: one line; never a stack trace.
    """

    def __init__(self, code: Code, message: str) -> None:
        """Keeps the code and the message apart; `str()` shows both."""
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.message = message


def invalid_argument(message: str) -> ServingError:
    """`ServingError` of the code that most faults of a request have."""
    return ServingError(Code.INVALID_ARGUMENT, message)


def public_error(error: Exception) -> ServingError:
    """What a client may know of `error`: itself if it is a `ServingError`, else only that something broke."""
    return error if isinstance(error, ServingError) else ServingError(Code.INTERNAL, "internal error")
