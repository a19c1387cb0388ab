import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeliographError } from '../src/errors.js';
import { connectURL } from '../src/socket.js';
import { VirtualClock } from './clock.js';
import { open } from './scripted.js';

const gone = new HeliographError('client.closed', 'The test is over.');

test('addresses', () => {
  assert.equal(connectURL('https://sfu.test'), 'wss://sfu.test/v1/connect');
  assert.equal(connectURL('http://127.0.0.1:8080/'), 'ws://127.0.0.1:8080/v1/connect');
  assert.equal(connectURL('wss://sfu.test/media/v1/connect?x=1#y'), 'wss://sfu.test/media/v1/connect?x=1');
  assert.equal(connectURL('/', 'https://sfu.test/r/abc'), 'wss://sfu.test/v1/connect');
});

test('a request settles as its response does', async () => {
  const { socket, server } = await open();
  assert.equal(server.subprotocol, 'heliograph.v1+json');
  const good = socket.request<{ rev: number }>('view', { rev: 1 });
  const bad = socket.request('publish', {});
  assert.deepEqual(server.sent.map((m) => [m.t, m.id]), [['view', 1], ['publish', 2]]);
  server.say({ t: 'err', re: 2, d: { code: 'forbidden.publish', msg: 'no', retry: false } });
  server.say({ t: 'ok', re: 1, d: { rev: 1 } });
  assert.deepEqual(await good, { rev: 1 });
  await assert.rejects(bad, (e: HeliographError) => e.code === 'forbidden.publish' && !e.retry);
  socket.close(gone);
});

test('events that were seen are dropped, and acknowledged with the next request', async () => {
  const { socket, server, events } = await open();
  socket.startLog(480);
  server.say({ t: 'message', r: 480, d: {} });
  server.say({ t: 'message', r: 481, d: {} });
  server.say({ t: 'message', r: 481, d: {} });
  server.say({ t: 'slots', s: 7, d: {} });
  server.say({ t: 'speakers', d: {} });
  assert.deepEqual(events.map((e) => e.t), ['message', 'slots', 'speakers']);
  void socket.request('view', {}).catch(() => undefined);
  void socket.request('view', {}).catch(() => undefined);
  assert.deepEqual(server.sent.map((m) => m.a), [[481, 7], undefined]);
  socket.close(gone);
});

test('a lost websocket is reported once and fails what waits', async () => {
  const { socket, server, lost } = await open();
  const waiting = socket.request('view', {});
  server.onclose?.({ code: 1006, reason: '' });
  await assert.rejects(waiting, (e: HeliographError) => e.code === 'client.lost' && e.retry);
  await assert.rejects(socket.request('view', {}), (e: HeliographError) => e.code === 'client.lost');
  assert.equal(lost.length, 1);
  socket.close(gone);
  assert.equal(lost.length, 1);
});

test('close codes 4000 to 4099 do not come back, others do', async () => {
  for (const [code, retry] of [[4000, false], [4099, false], [4100, true], [4200, true], [1001, true]] as const) {
    const { server, lost } = await open();
    server.onclose?.({ code, reason: 'because' });
    assert.equal(lost[0]?.retry, retry, String(code));
    assert.equal(lost[0]?.closeCode, code);
  }
});

test('what is not JSON or answers nothing is survived', async () => {
  const { socket, server, events } = await open();
  server.onmessage?.({ data: '{' });
  server.say({ t: 'ok', re: 99, d: {} });
  server.say({ t: 'some.new.event', s: 1 });
  assert.deepEqual(events.map((e) => e.t), ['some.new.event']);
  socket.close(gone);
});

test('the transcript holds no secrets', async () => {
  const { socket, server, transcript } = await open();
  void socket.request('hello', { token: 'abc' }).catch(() => undefined);
  server.say({ t: 'x', d: { iceServers: [{ credential: 'def' }] } });
  const text = JSON.stringify(transcript.lines());
  assert.ok(!text.includes('abc') && !text.includes('def') && text.includes('***'));
  socket.close(gone);
});

test('the websocket is pinged, and given up when nothing is heard for deadMs', async () => {
  const clock = new VirtualClock();
  const { socket, server, lost } = await open();
  socket.keepalive({ pingMs: 3000, deadMs: 7500 });
  const pong = () => {
    const ping = server.sent[server.sent.length - 1];
    server.say({ t: 'ok', re: ping?.id, d: ping?.d });
  };
  for (let i = 0; i < 4; i++) {
    await clock.pass(3000);
    pong();
  }
  assert.ok(server.sent.length >= 4 && server.sent.every((m) => m.t === 'ping'));
  assert.ok(socket.rtt !== undefined && socket.rtt < 3000);
  await clock.pass(7400);
  assert.equal(lost.length, 0);
  await clock.pass(700);
  assert.equal(lost[0]?.code, 'client.lost');
  assert.ok(server.closed);
  clock.close();
});

test('a request that is not answered fails after a while', async () => {
  const clock = new VirtualClock();
  const { socket } = await open();
  const waiting = assert.rejects(socket.request('view', {}), (e: HeliographError) => e.code === 'client.timeout' && e.retry);
  await clock.pass(12_000);
  await waiting;
  socket.close(gone);
  clock.close();
});
