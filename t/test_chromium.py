"""A browser (headless Chromium) does real work through prox."""

import base64
import hashlib
import random

import pytest

from lib import procfs
from lib.chromium import Chromium
from lib.tls import tls_site
from lib.upstream import response_bytes, serve
from lib.webm import vp8_frame, webm

PARTS = 200
HOST = "a.test"


@pytest.fixture(scope="module")
def pair(ca):
    return ca.issue(HOST)


@pytest.fixture
def browser(started, tmp_path, pair):
    """A browser that trusts the certificate of `pair`."""
    one = Chromium(tmp_path / "chromium", pair)
    started.append(one)
    yield one
    one.stop()


@pytest.fixture
def page(browser):
    """An empty tab."""
    return browser.open_page()


@pytest.fixture
def site(start_prox, pair):
    """Starts a prox for https://a.test that passes everything on to an upstream; `keys` are its service's."""

    def make(origin, **keys):
        return start_prox(tls_site(pair, [{"action": {"type": "proxy", "upstream": origin.address}}], **keys))

    return make


def url(prox, target="/", scheme="https"):
    return f"{scheme}://{HOST}:{prox.port}{target}"


def part(number):
    """A script that says it is there, of some length."""
    return b"parts.push(%d);//" % number + b"x" * (number * 100)


def pages(request):
    """What the upstream answers with: a page of many parts, and random bytes as many as asked for."""
    if request.target.startswith("/part"):
        return response_bytes(part(int(request.target[5:])), fields=[("Content-Type", "text/javascript")])
    if request.target.startswith("/bytes"):
        return response_bytes(random.Random(7).randbytes(int(request.target[6:])))
    if request.method == "POST":
        return response_bytes(request.body, fields=[("X-Framing", request.framing)])
    scripts = b"".join(b'<script src="/part%d"></script>' % number for number in range(PARTS))
    return response_bytes(b"<!doctype html><script>parts = []</script>" + scripts, fields=[("Content-Type", "text/html")])


@pytest.fixture
def origin(upstream):
    return upstream(serve(pages))


def test_a_page_of_many_parts_comes_over_one_http2_connection(page, site, origin):
    page.load(url(site(origin)))
    responses = page.responses()
    assert page.run("return parts") == list(range(PARTS))
    assert len(responses) >= PARTS + 1
    assert {(response["status"], response["protocol"]) for response in responses} == {(200, "h2")}
    assert len({response["connectionId"] for response in responses}) == 1


def test_h2_false_leaves_the_browser_http1(page, site, origin):
    page.load(url(site(origin, h2=False)))
    assert page.run("return parts.length") == PARTS
    assert {response["protocol"] for response in page.responses()} == {"http/1.1"}


DIGEST = """
  const digest = async (data) => btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest('SHA-256', data))));
"""
# Random bytes; getRandomValues() gives 64 KiB at most.
UPLOAD = DIGEST + """
  const data = new Uint8Array(8 << 20);
  for (let at = 0; at < data.length; at += 65536) crypto.getRandomValues(data.subarray(at, at + 65536));
  const returned = async (body, more) => {
    const response = await fetch('/upload', { method: 'POST', body, ...more });
    return [response.headers.get('X-Framing'), await digest(await response.arrayBuffer()) == await digest(data)];
  };
"""


def test_an_upload_comes_back_as_it_was(page, site, origin):
    page.load(url(site(origin)))
    assert page.run(UPLOAD + "return returned(data)") == ["length", True]
    assert page.responses()[-1]["protocol"] == "h2"


def test_a_streamed_upload_comes_back_as_it_was(page, site, origin):
    """Browsers send bodies of unknown length over HTTP/2 only."""
    page.load(url(site(origin)))
    assert page.run(UPLOAD + """
      let at = 0;
      const pull = (to) => at < data.length ? to.enqueue(data.subarray(at, at += 100000)) : to.close();
      return returned(new ReadableStream({ pull }), { duplex: 'half' });
    """) == ["chunked", True]


def test_a_download_is_what_was_sent(page, site, origin):
    page.load(url(site(origin)))
    size = 16 << 20
    digest = base64.b64encode(hashlib.sha256(random.Random(7).randbytes(size)).digest()).decode()
    assert page.run(DIGEST + f"return digest(await (await fetch('/bytes{size}')).arrayBuffer())") == digest
    assert page.responses()[-1]["protocol"] == "h2"


# WebSocket

OPEN = """
  const open = () => new Promise((done, failed) => {
    const socket = new WebSocket(address);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => done(socket);
    socket.onerror = () => failed(new Error('no session'));
  });
  globalThis.sockets = [];
  while (sockets.length < count) {  // a browser makes more handshakes at a time wait, for seconds
    sockets.push(...await Promise.all(Array.from({ length: Math.min(count - sockets.length, 8) }, open)));
  }
"""
# Each session sends its messages, text and bytes by turns, and expects them back in their order.
ECHO = """
  const echoed = (socket, id) => new Promise((done, failed) => {
    const message = (i) => i % 2 ? `${id}:${i}:` + 'm'.repeat(i * 300) : new Uint8Array(i * 300 + 1).fill(id + i);
    const same = (a, b) => typeof a === typeof b && (typeof a === 'string' ? a === b : indexedDB.cmp(a, b) === 0);
    let received = 0;
    socket.onmessage = ({ data }) => {
      if (!same(data, message(received))) failed(new Error(`session ${id}: message ${received} differs`));
      if (++received == messages) socket.close(4001, 'enough');
    };
    socket.onclose = ({ code, reason }) => done(`${received} ${code} ${reason}`);
    for (let i = 0; i < messages; ++i) socket.send(message(i));
  });
  const ends = await Promise.all(sockets.map(echoed));
  return [ends.length, [...new Set(ends)]];
"""


def run_in_all(pages, script):
    """Runs a script in all pages at the same time; what it returns in each."""
    numbers = [page.begin(script) for page in pages]
    return [page.result_of(number) for page, number in zip(pages, numbers)]


@pytest.mark.parametrize("h2", [True, False], ids=["h2", "http1"])
def test_500_websockets_side_by_side_carry_every_message(browser, site, echo_server, h2):
    """In two tabs, since the profile of one has 255 sockets for them. Over HTTP/2 (RFC 8441) they are streams of its page's connection."""
    each, messages = 250, 10
    prox = site(echo_server, h2=h2, config={"max_streams": each + 10})
    pages = [browser.open_page() for _ in range(2)]
    for page in pages:
        page.load(url(prox))
    before = procfs.connection_count(prox.port)
    run_in_all(pages, f"const address = '{url(prox, '/chat?room=1', 'wss')}', count = {each};" + OPEN)
    after = procfs.connection_count(prox.port)
    assert after <= before if h2 else after >= 2 * each
    assert len(echo_server.handshakes) == 2 * each and not echo_server.closes
    assert run_in_all(pages, f"const messages = {messages};" + ECHO) == [[each, [f"{messages} 4001 enough"]]] * 2


# A video, made of pictures that the browser itself draws

WIDTH, HEIGHT, FRAME_MS, SECONDS = 640, 480, 200, 60
SCENES = 6  # of ten seconds each, told apart by how light they are
SCENE_LIGHT = "(scene) => 20 + 40 * scene"
PAINT = f"""
  const light = {SCENE_LIGHT};
  const canvas = new OffscreenCanvas({WIDTH}, {HEIGHT}), pen = canvas.getContext('2d', {{ alpha: false }});
  const paint = async (scene) => {{
    const picture = pen.createImageData({WIDTH}, {HEIGHT});
    for (let at = 0; at < picture.data.length; ++at) {{
      // Noise makes the file large; the left half is even.
      const noise = at / 4 % {WIDTH} < {WIDTH} / 2 ? 0 : Math.random() * 40 - 20;
      picture.data[at] = at % 4 == 3 ? 255 : light(scene) + noise;
    }}
    pen.putImageData(picture, 0, 0);
    const blob = await canvas.convertToBlob({{ type: 'image/webp', quality: 0.95 }});
    return btoa(Array.from(new Uint8Array(await blob.arrayBuffer()), (c) => String.fromCharCode(c)).join(''));
  }};
  const pictures = [];
  for (let scene = 0; scene < {SCENES}; ++scene) pictures.push(await paint(scene));
  return pictures;
"""
SEEK = f"""
  const light = {SCENE_LIGHT};
  const video = document.querySelector('video');
  const happens = (event) => new Promise((done, failed) => {{
    video.addEventListener(event, done, {{ once: true }});
    video.addEventListener('error', () => failed(new Error(video.error.message)), {{ once: true }});
  }});
  if (video.readyState < HTMLMediaElement.HAVE_METADATA) await happens('loadedmetadata');
  const scene_at = async (seconds) => {{
    const seeked = happens('seeked');
    video.currentTime = seconds;
    await seeked;
    const pen = new OffscreenCanvas({WIDTH}, {HEIGHT}).getContext('2d');
    pen.drawImage(video, 0, 0);
    const seen = pen.getImageData({WIDTH} / 4, {HEIGHT} / 2, 1, 1).data[0];
    return [0, 1, 2, 3, 4, 5].find((scene) => Math.abs(light(scene) - seen) < 20);
  }};
  return [video.duration, await scene_at(55), await scene_at(12), await scene_at(45)];
"""


def test_a_video_is_sought_in_by_ranges(page, start_prox, pair, public):
    pictures = [vp8_frame(base64.b64decode(picture)) for picture in page.run(PAINT)]
    frames = [pictures[at * FRAME_MS // 10_000] for at in range(SECONDS * 1000 // FRAME_MS)]
    video = webm(frames, WIDTH, HEIGHT, FRAME_MS)
    (public / "video.webm").write_bytes(video)
    (public / "index.html").write_text("<!doctype html><video src=video.webm preload=metadata></video>")
    prox = start_prox(tls_site(pair, [{"action": {"type": "serve", "root": str(public)}}]))
    page.load(url(prox))
    assert page.run(SEEK) == [SECONDS, 5, 1, 4]
    asked = {params["requestId"]: params["request"]["headers"].get("Range") for params in page.told("Network.requestWillBeSent")}
    starts = []
    for params in page.told("Network.responseReceived"):
        response, span = params["response"], asked[params["requestId"]]
        if span:
            assert (response["status"], response["protocol"]) == (206, "h2")
            assert response["headers"]["Content-Range"] == f"{span.replace('=', ' ')}{len(video) - 1}/{len(video)}"
            starts.append(int(span[6:-1]))
    assert min(starts) == 0 and any(0.85 < start / len(video) < 0.95 for start in starts)  # of 55 s
