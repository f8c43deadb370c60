// node websocket_client.js URL PROTOCOL SESSIONS COUNT: opens SESSIONS WebSockets, over "http1" or "h2" (RFC 8441). When all are
// open each sends COUNT messages of growing size, each as text and as bytes, and expects each back. Prints how the sessions ended:
// one line "messages code reason" for each way, and how many times it came.
'use strict';
const http2 = require('http2');
const WebSocket = require('ws');

const STREAMS = 50;  // per HTTP/2 connection

const [url, protocol, sessions, count] = [new URL(process.argv[2]), process.argv[3], Number(process.argv[4]), Number(process.argv[5])];
const origin = `${url.protocol.replace('ws', 'http')}//${url.host}`;
const message = (id, i) => `${id}:${i}:` + 'm'.repeat(i * 1000);
const connections = [];

function openHttp1() {
  return new Promise((done, failed) => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.on('open', () => done(socket));
    socket.on('error', failed);
  });
}

// ws makes no handshakes of HTTP/2, but talks over any stream that it is given.
function openHttp2(_, id) {
  const connection = connections[Math.floor(id / STREAMS)] ??= connect();
  return connection.then((session) => new Promise((done, failed) => {
    const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': url.pathname + url.search,
                                     'sec-websocket-version': '13' }, { endStream: false });
    stream.on('error', failed);
    stream.on('response', (head) => {
      if (head[':status'] !== 200) return failed(new Error(`status ${head[':status']}`));
      const socket = new WebSocket(null);
      socket._isServer = false;  // so it masks
      stream.setNoDelay = () => {};
      socket.setSocket(stream, Buffer.alloc(0), { maxPayload: 1 << 20, skipUTF8Validation: false });
      done(socket);
    });
  }));
}

// A connection on which extended CONNECT is allowed.
function connect() {
  return new Promise((done, failed) => {
    const session = http2.connect(origin);
    session.on('error', failed);
    session.on('remoteSettings', (settings) => settings.enableConnectProtocol ? done(session) : failed(new Error('no extended CONNECT')));
  });
}

function exchange(socket, id) {
  return new Promise((done, failed) => {
    let received = 0;
    socket.on('message', (data, isBinary) => {
      if (data.toString() !== message(id, received >> 1) || isBinary !== (received % 2 === 1)) {
        failed(new Error(`message ${received} of session ${id} differs`));
      }
      if (++received === 2 * count) socket.close(4001, 'enough');
    });
    socket.on('close', (code, reason) => done(`${received} ${code} ${reason}`));
    socket.on('error', failed);
    for (let i = 0; i < count; ++i) {
      socket.send(message(id, i));
      socket.send(Buffer.from(message(id, i)));
    }
  });
}

async function main() {
  const open = protocol === 'h2' ? openHttp2 : openHttp1;
  const sockets = await Promise.all(Array.from({ length: sessions }, open));
  const ends = await Promise.all(sockets.map(exchange));
  for (const end of new Set(ends)) console.log(`${end} x ${ends.filter((other) => other === end).length}`);
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
