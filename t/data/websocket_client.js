// node websocket_client.js URL COUNT: sends COUNT messages of growing size, each twice as text and as bytes, and expects each back.
// Ends with status 0 and the close code that came.
'use strict';
const WebSocket = require('ws');

const [url, count] = [process.argv[2], Number(process.argv[3])];
const socket = new WebSocket(url, { perMessageDeflate: false });
const message = (i) => 'm'.repeat(i * 1000) + i;
let received = 0;

socket.on('open', () => {
  for (let i = 0; i < count; ++i) {
    socket.send(message(i));
    socket.send(Buffer.from(message(i)));
  }
});
socket.on('message', (data, isBinary) => {
  const i = Math.floor(received / 2);
  if (data.toString() !== message(i) || isBinary !== (received % 2 === 1)) throw new Error(`message ${received} differs`);
  if (++received === 2 * count) socket.close(4001, 'enough');
});
socket.on('close', (code, reason) => {
  console.log(`${received} ${code} ${reason}`);
  process.exit(received === 2 * count ? 0 : 1);
});
socket.on('error', (error) => { throw error; });
