"""What the service takes on, and for how long it keeps what it made."""

from __future__ import annotations

from dataclasses import dataclass

from stillyou.images import MAX_PIXELS


@dataclass(frozen=True)
class Limits:
    """Limits of a service.

    Attributes:
        queue: Edits that may wait; one more is refused as `Busy`.
        batch: Edits of equal settings that go through the model together.
        batch_pixels: Pixels of the pictures of one batch, which are all in memory; one picture may have more.
        upload_bytes: Size of one uploaded file.
        pixels: Of an uploaded picture, by its header.
        steps: Of the sampler.
        resolution: Side of the square that the model may be asked to work on.
        seconds: For how long an edit may run.
        wait_seconds: For how long one may wait in the queue.
        keep_seconds: For how long results and uploads are kept after they were last needed.
        keep_bytes: How much of results is kept, the oldest go first; and how much of uploads, more are refused.
        looks: Pictures that are looked at, at a time, without being edited.
    """

    queue: int = 64
    batch: int = 4
    batch_pixels: int = 24_000_000
    upload_bytes: int = 32 << 20
    pixels: int = MAX_PIXELS
    steps: int = 100
    resolution: int = 1024
    seconds: float = 120.0
    wait_seconds: float = 600.0
    keep_seconds: float = 900.0
    keep_bytes: int = 2 << 30
    looks: int = 4

    @property
    def body_bytes(self) -> int:
        """Bytes of a request with a picture, a mask and a draft; base64 takes a third more than they have."""
        return 4 * self.upload_bytes + (1 << 20)
