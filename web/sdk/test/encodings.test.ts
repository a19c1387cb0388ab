import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planEncodings, planKey } from '../src/encodings.js';

const rids = (width: number, height: number) => planEncodings('camera', { width, height }).send.map((e) => e.rid);

test('fewer encodings for smaller pictures, whichever way they are held', () => {
  assert.deepEqual(rids(1280, 720), ['q', 'h', 'f']);
  assert.deepEqual(rids(720, 1280), ['q', 'h', 'f']);
  assert.deepEqual(rids(640, 360), ['q', 'h']);
  assert.deepEqual(rids(320, 180), [undefined]);
});

test('the server is told the same encodings as the browser, smallest first', () => {
  const plan = planEncodings('camera', { width: 1280, height: 720 });
  assert.deepEqual(plan.offer, [
    { rid: 'q', width: 320, height: 180, maxBitrate: 150_000 },
    { rid: 'h', width: 640, height: 360, maxBitrate: 500_000 },
    { rid: 'f', width: 1280, height: 720, maxBitrate: 1_500_000 },
  ]);
  assert.deepEqual(plan.send.map((e) => e.scaleResolutionDownBy), [4, 2, 1]);
});

test('a screen is sent once', () => {
  assert.deepEqual(planEncodings('screen', { width: 1920, height: 1080 }), { send: [{ maxBitrate: 2_500_000 }], offer: [] });
});

test('the largest encoding can be limited, and simulcast switched off', () => {
  const size = { width: 1280, height: 720 };
  assert.equal(planEncodings('camera', size, true, 900_000).offer[2]?.maxBitrate, 900_000);
  assert.deepEqual(planEncodings('camera', size, false).send, [{ maxBitrate: 1_500_000 }]);
  assert.equal(planEncodings('camera', size).offer[2]?.maxBitrate, 1_500_000, 'a limit is for one plan only');
});

test('an m-line is shared by identical encodings only', () => {
  const key = (w: number, h: number, codec = 'vp8') => planKey('video', codec, planEncodings('camera', { width: w, height: h }));
  assert.equal(key(1280, 720), key(720, 1280));
  assert.ok(key(1280, 720) !== key(640, 360));
  assert.ok(key(1280, 720) !== key(1280, 720, 'h264'));
});

test('spatial layers take the place of simulcast, temporal ones go with it', () => {
  const size = { width: 1280, height: 720 };
  const layered = planEncodings('camera', size, true, undefined, 'L3T3_KEY');
  assert.deepEqual(layered, { send: [{ maxBitrate: 1_500_000, scalabilityMode: 'L3T3_KEY' }], offer: [] });
  const simulcast = planEncodings('camera', size, true, undefined, 'L1T2');
  assert.deepEqual(simulcast.send.map((e) => e.scalabilityMode), ['L1T2', 'L1T2', 'L1T2']);
  assert.deepEqual(planEncodings('microphone', size, true, undefined, 'L3T3').send, [{}]);
});
