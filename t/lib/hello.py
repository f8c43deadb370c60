"""ClientHellos as bytes, for clients that play with them."""

import ssl
import struct


def client_hello(name=None, alpn=None):
    """The records that a client sends first."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(alpn)
    outgoing = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def in_records(hello, size):
    """The same hello in records of at most `size` bytes."""
    (length,) = struct.unpack(">H", hello[3:5])
    assert len(hello) == 5 + length, "one record"
    message = hello[5:]
    parts = [message[at:at + size] for at in range(0, len(message), size)]
    return b"".join(hello[:3] + struct.pack(">H", len(part)) + part for part in parts)
