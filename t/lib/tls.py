"""A client that speaks HTTP/1 over TLS, and services that do."""

import dataclasses
import ssl

from .client import RawClient
from .http1 import ByteStream
from .prox import service, static


class TlsClient(RawClient):
    """As RawClient, over TLS; `context` is an SSLContext, `name` what it asks for. Raises ssl.SSLError if the handshake fails."""

    def __init__(self, port, context, name=None, session=None, **options):
        super().__init__(port, **options)
        try:
            self.socket = context.wrap_socket(self.socket, server_hostname=name, session=session)
        except BaseException:
            self.socket.close()
            raise
        self.stream = ByteStream(self.socket)

    @property
    def certificate(self):
        """What the server has shown, DER."""
        return self.socket.getpeercert(binary_form=True)


class MemoryClient:
    """TLS over a RawClient by hand, where records and the ends of the stream are of interest. Sends `chunk` bytes at a time."""

    def __init__(self, client, context, name, chunk=1 << 20):
        self.client = client
        self._chunk = chunk
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        self._until_done(self._tls.do_handshake)

    def send(self, data):
        self._tls.write(data)
        self._flush()

    def read_until(self, end):
        """Everything that comes, up to `end`."""
        data = b""
        while not data.endswith(end):
            data += self._until_done(self._tls.read)
        return data

    def close_notify(self):
        try:
            self._tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self._flush()

    def _flush(self):
        records = self._outgoing.read()
        for start in range(0, len(records), self._chunk):
            self.client.send(records[start:start + self._chunk])

    def _until_done(self, step):
        while True:
            try:
                result = step()
                self._flush()
                return result
            except ssl.SSLWantReadError:
                self._flush()
                self._incoming.write(self.client.read_some())


def tls_service(pair, routes=None, **keys):
    """A TLS service; `pair` has `cert` and `key` paths, or is a directory."""
    files = {"tls_cert": str(pair.cert), "tls_key": str(pair.key)} if hasattr(pair, "cert") else {"tls_cert": str(pair)}
    return service(routes or [{"action": static()}], tls=True, **files, **keys)


def tls_site(pair, routes=None, **keys):
    """A config with one TLS service, which answers "hello" unless it has other routes."""
    return {"services": {"web": tls_service(pair, routes, **keys)}}


@dataclasses.dataclass
class Handshake:
    """What a handshake came to."""

    certificate: bytes  # DER
    version: str
    cipher: str
    alpn: str | None
    session: ssl.SSLSession
    is_resumed: bool


def shake_hands(port, context, name=None, session=None):
    """A handshake and one request, behind which the tickets of TLS 1.3 have come. Raises ssl.SSLError if it fails."""
    with TlsClient(port, context, name, session) as client:
        client.exchange()
        tls = client.socket
        return Handshake(client.certificate, tls.version(), tls.cipher()[0], tls.selected_alpn_protocol(), tls.session,
                         tls.session_reused)
