import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initials, skyOf } from '../avatar.js';
import { bitrate, grantLine, localFigures, networkFigures, remoteFigures } from '../figures.js';
import { morse } from '../morse.js';
import { list } from '../notices.js';
import { cleanRoom, pathOf, randomRoom, roomOf, tokenOf } from '../route.js';
import { visitIdentity } from '../token.js';

test('rooms in the path', () => {
  assert.equal(roomOf('/r/amber-ridge-52'), 'amber-ridge-52');
  assert.equal(roomOf('/r/Caf%C3%A9%20Bar'), 'café-bar');
  for (const path of ['/', '/r/', '/r/a/b', '/x/a', '/r/%E0%A4%A']) assert.equal(roomOf(path), '', path);
  assert.equal(roomOf(pathOf('café')), 'café');
});

test('rooms that somebody types', () => {
  assert.equal(cleanRoom('  Amber Ridge!  '), 'amber-ridge');
  assert.equal(cleanRoom('../..//x'), '..-..-x');
  assert.equal(cleanRoom('<b>'), 'b');
  assert.equal(cleanRoom('a'.repeat(100)).length, 64);
  for (let i = 0; i < 50; i++) {
    const room = randomRoom();
    assert.equal(cleanRoom(room), room);
  }
});

test('a token in the fragment', () => {
  assert.equal(tokenOf('#token=a.b.c'), 'a.b.c');
  assert.equal(tokenOf('#x=1&token=a.b.c'), 'a.b.c');
  assert.equal(tokenOf(''), '');
});

test('each visit has an identity of its own that tells the name', () => {
  const a = visitIdentity('Ada Lovelace');
  assert.ok(/^ada-lovelace-[a-z0-9]+$/.test(a), a);
  assert.ok(a !== visitIdentity('Ada Lovelace'));
  assert.ok(visitIdentity('山田').startsWith('guest-'));
});

test('initials', () => {
  assert.deepEqual(['Ada Lovelace', 'ada', 'Ada King Lovelace', '', ' 山田 太郎 ', '🦊 fox'].map(initials), ['AL', 'A', 'AL', '?', '山太', '🦊F']);
});

test('skies belong to identities and are spread', () => {
  const skies = new Set(Array.from({ length: 60 }, (_, i) => skyOf(`guest-${i}`)));
  assert.equal(skies.size, 8);
  assert.equal(skyOf('ada'), skyOf('ada'));
  assert.ok([...skies].every((s) => s >= 0 && s < 8));
});

test('Morse code', () => {
  assert.deepEqual(morse('SOS 1'), ['...', '---', '...', '.----']);
  assert.deepEqual(morse('é-?'), []);
});

test('names in a sentence', () => {
  assert.deepEqual([[], ['Ann'], ['Ann', 'Bob'], ['Ann', 'Bob', 'Carl']].map(list), ['', 'Ann', 'Ann and Bob', 'Ann, Bob and Carl']);
});

test('figures', () => {
  assert.deepEqual([0, 950, 64_400, 1_440_000].map(bitrate), ['0 kbit/s', '1 kbit/s', '64 kbit/s', '1.4 Mbit/s']);
  const path = { rttMs: 23, signalMs: 1, protocol: 'udp', relayed: true, sendBitrate: 0 };
  const video = {
    publication: 'p', participant: 'a', source: 'camera' as const, mid: '3', codec: 'vp8', bitrate: 500_000, width: 640, height: 360, fps: 30,
    layer: 'h', loss: 0.004, jitterMs: 1, freezes: 0, granted: undefined,
  };
  assert.equal(remoteFigures(video, undefined, path), '640×360 layer h · 30 fps\nvp8 500 kbit/s · loss 0.4 %\nrtt 23 ms');
  assert.equal(remoteFigures(undefined, undefined, { ...path, rttMs: undefined }), 'rtt –');
  const encodings = [{ rid: 'q', bitrate: 150_000, width: 320, height: 180, fps: 30, limited: 'bandwidth' }, { rid: 'f', bitrate: 0, width: 0, height: 0, fps: 0, limited: 'none' }];
  assert.equal(
    localFigures([{ source: 'camera', codec: 'vp8', bitrate: 150_000, loss: 0, encodings }], path),
    'q 320×180 · 30 fps · 150 kbit/s (bandwidth)\nf off\nudp by relay · rtt 23 ms',
  );
});

test('the way to here, and what is sent of a picture, in a line each', () => {
  const n = { estimate: 1_440_000, sending: 900_000, rttMs: 40, loss: 0.02, limited: false, feedback: 'transport-cc' as const, slots: [] };
  assert.equal(networkFigures(n), 'downlink 1.4 Mbit/s · sending 900 kbit/s · loss 2 % · rtt 40 ms');
  const { rttMs: _, ...unknown } = n;
  assert.equal(
    networkFigures({ ...unknown, limited: true, loss: 0, feedback: 'reports' }),
    'limited to 1.4 Mbit/s · sending 900 kbit/s · loss 0 % · rtt – · by reports only',
  );
  assert.equal(grantLine({ layer: 'h', temporal: 2, why: 'budget' }), 'gets h t2: more does not fit');
  assert.equal(grantLine({ layer: undefined, temporal: -1, why: 'paused' }), 'gets nothing: no room for video');
});
