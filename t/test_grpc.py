"""gRPC end to end (Debian's python3-grpcio): HTTP/2 from the client, HTTP/2 to the server, every kind of call."""

import concurrent.futures
import threading

import grpc
import pytest

from lib.prox import proxy_to
from lib.waits import DEADLINE, wait_for

_SERVICE = "test.Echo"
_LARGE = bytes(range(256)) * 4096  # 1 MiB


class Handlers:
    """The service: requests and responses are bytes."""

    def __init__(self):
        self.cancelled = threading.Event()

    def unary(self, request, context):
        fields = dict(context.invocation_metadata())
        if request == b"fail":
            context.set_trailing_metadata([("x-why", "asked for")])
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "as told")
        context.send_initial_metadata([("x-initial", fields.get("x-own", "-"))])
        context.set_trailing_metadata([("x-trailing", "t"), ("x-bin-bin", b"\0\xff")])
        return request

    def collect(self, requests, _context):
        return b"%d" % sum(len(request) for request in requests)

    def spread(self, request, _context):
        for number in range(int(request)):
            yield b"part %d" % number

    def chat(self, requests, _context):
        for request in requests:
            yield request

    def hang(self, _request, context):
        context.add_callback(self.cancelled.set)
        self.cancelled.wait(DEADLINE)
        return b""

    def generic(self):
        return grpc.method_handlers_generic_handler(_SERVICE, {
            "Unary": grpc.unary_unary_rpc_method_handler(self.unary),
            "Hang": grpc.unary_unary_rpc_method_handler(self.hang),
            "Collect": grpc.stream_unary_rpc_method_handler(self.collect),
            "Spread": grpc.unary_stream_rpc_method_handler(self.spread),
            "Chat": grpc.stream_stream_rpc_method_handler(self.chat),
        })


@pytest.fixture
def handlers():
    return Handlers()


@pytest.fixture
def channel(start_prox, handlers):
    """A client's channel through prox to a server with these handlers."""
    limits = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(32), options=limits)
    server.add_generic_rpc_handlers([handlers.generic()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    prox = start_prox(proxy_to(f"127.0.0.1:{port}", {"response_header_timeout": "5s"}, proto="h2"))
    with grpc.insecure_channel(f"127.0.0.1:{prox.port}", options=limits) as made:
        yield made
    server.stop(None).wait(DEADLINE)


def test_a_unary_call_carries_message_and_metadata(channel):
    call = channel.unary_unary(f"/{_SERVICE}/Unary")
    for message in [b"", b"hello", _LARGE]:
        response, done = call.with_call(message, timeout=DEADLINE, metadata=[("x-own", "mine")])
        assert response == message
        assert dict(done.initial_metadata())["x-initial"] == "mine"
        trailing = dict(done.trailing_metadata())
        assert trailing["x-trailing"] == "t" and trailing["x-bin-bin"] == b"\0\xff"


def test_a_failed_call_carries_its_status_and_trailers(channel):
    with pytest.raises(grpc.RpcError) as raised:
        channel.unary_unary(f"/{_SERVICE}/Unary")(b"fail", timeout=DEADLINE)
    assert raised.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert raised.value.details() == "as told"
    assert dict(raised.value.trailing_metadata())["x-why"] == "asked for"


def test_a_client_streams(channel):
    parts = [b"x" * 10_000] * 100
    assert channel.stream_unary(f"/{_SERVICE}/Collect")(iter(parts), timeout=DEADLINE) == b"1000000"


def test_a_server_streams(channel):
    parts = list(channel.unary_stream(f"/{_SERVICE}/Spread")(b"500", timeout=DEADLINE))
    assert parts == [b"part %d" % number for number in range(500)]


def test_both_stream_each_message_after_the_answer_to_the_last(channel):
    answers = []
    answered = threading.Semaphore(1)

    def messages():
        for number in range(50):
            assert answered.acquire(timeout=DEADLINE)
            yield b"message %d" % number

    for answer in channel.stream_stream(f"/{_SERVICE}/Chat")(messages(), timeout=DEADLINE):
        answers.append(answer)
        answered.release()
    assert answers == [b"message %d" % number for number in range(50)]


def test_many_calls_at_once(channel):
    call = channel.unary_unary(f"/{_SERVICE}/Unary")
    pending = [call.future(b"call %d" % number, timeout=DEADLINE * 2) for number in range(300)]
    assert [one.result() for one in pending] == [b"call %d" % number for number in range(300)]


def test_a_call_that_its_client_cancels_is_cancelled_at_the_server(channel, handlers):
    pending = channel.unary_unary(f"/{_SERVICE}/Hang").future(b"", timeout=DEADLINE)
    with pytest.raises(grpc.FutureTimeoutError):
        pending.result(0.3)
    pending.cancel()
    wait_for(handlers.cancelled.is_set, what="the server hears of it")
