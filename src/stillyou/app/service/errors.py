"""What can go wrong between a caller and the service, beside what editing itself refuses."""

from __future__ import annotations

from stillyou.errors import StillYouError, UsageError


class FieldError(UsageError):
    """A wrong value of one field.

    Attributes:
        field: Its name: an option of `EditRequest`, `effect`, `picture`, ...
    """

    def __init__(self, field: str, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.field = field


class TooLarge(FieldError):
    """An upload with more bytes or pixels than are taken."""


class Busy(StillYouError):
    """No room for another edit.

    Attributes:
        retry_after: Seconds after which there may be.
    """

    def __init__(self, what: str, retry_after: int) -> None:
        super().__init__(what, f"Try again in {retry_after} s.")
        self.retry_after = retry_after


class NotFound(StillYouError):
    """No such edit or result, for this caller at least."""


class Gone(StillYouError):
    """An edit whose results are no longer kept."""
