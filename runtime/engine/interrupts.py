"""Ctrl-C as a request to stop at the next step boundary."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from snnc.runtime.engine.driver import StopFlag


@contextlib.contextmanager
def stopping(stop: StopFlag) -> Iterator[None]:
    """Set a flag on SIGINT instead of raising in the middle of things.

    What SIGINT would have done is done at the end, when the body has left everything in order.
    Outside the main thread, which alone receives signals, nothing is changed.
    """
    previous = signal.getsignal(signal.SIGINT)
    if not callable(previous) or threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[tuple[int, FrameType | None]] = []

    def note(number: int, frame: FrameType | None) -> None:
        caught.append((number, frame))
        stop.set()

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
        stop.clear()
    if caught:
        previous(*caught[-1])
