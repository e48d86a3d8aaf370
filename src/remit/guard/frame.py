"""Frames: how messages are cut out of a stream of bytes. A u32 big-endian length, then so many bytes."""

from __future__ import annotations

from remit.guard.errors import FrameTooLarge

FRAME_BYTES_MAX = 1 << 20
_HEAD = 4


def pack(message: bytes) -> bytes:
    """Return the message as one frame; FrameTooLarge above 1 MiB."""
    _refuse_large(len(message))
    return len(message).to_bytes(_HEAD, "big") + message


class Frames:
    """Cuts a stream into the messages that `pack` made of it, whatever the pieces it arrives in."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that `data` completes, in order.

        FrameTooLarge as soon as a length above 1 MiB is seen, before its bytes are waited for; the stream is then lost.
        """
        buffer = self._buffer
        buffer += data
        messages, start, end = [], 0, len(buffer)
        while end - start >= _HEAD:
            length = int.from_bytes(buffer[start : start + _HEAD], "big")
            _refuse_large(length)
            if end - start - _HEAD < length:
                break
            messages.append(bytes(buffer[start + _HEAD : start + _HEAD + length]))
            start += _HEAD + length
        del buffer[:start]
        return messages

    @property
    def partial(self) -> bool:
        """Whether bytes of an incomplete message wait for their rest."""
        return bool(self._buffer)


def _refuse_large(length: int) -> None:
    if length > FRAME_BYTES_MAX:
        raise FrameTooLarge(f"a frame of {length} bytes is over {FRAME_BYTES_MAX}", "Send less at once")
