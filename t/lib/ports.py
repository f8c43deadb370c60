"""Loopback ports: free ones, taken ones, and one that never answers a connect."""

import contextlib
import socket

LOOPBACK = "127.0.0.1"

_handed_out = set()


def free_port():
    """A loopback TCP port that the kernel says is free; never the same one twice in a run."""
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = probe.getsockname()[1]
        if port not in _handed_out:
            _handed_out.add(port)
            return port


@contextlib.contextmanager
def taken_port():
    """A port which another program (this one) listens on."""
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        holder.listen(1)
        yield holder.getsockname()[1]


@contextlib.contextmanager
def blackhole_port():
    """A port where connects are neither accepted nor refused: its accept queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((LOOPBACK, 0))
        listener.listen(0)
        while True:
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0.2)
            try:
                filler.connect(listener.getsockname())
            except TimeoutError:
                break
        yield listener.getsockname()[1]
