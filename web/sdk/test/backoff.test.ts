import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoff, pause } from '../src/backoff.js';
import { VirtualClock } from './clock.js';

test('the longest waits are 0, 0.2, 0.5, 1, 2 and then always 4 s', () => {
  const longest = [0, 1, 2, 3, 4, 5, 6, 100].map((n) => backoff(n, () => 1));
  assert.deepEqual(longest, [0, 200, 500, 1000, 2000, 4000, 4000, 4000]);
});

test('the jitter is full', () => {
  assert.equal(backoff(5, () => 0), 0);
  assert.equal(backoff(5, () => 0.25), 1000);
});

test('a pause ends with its signal', async () => {
  const c = new AbortController();
  const p = pause(60_000, c.signal);
  c.abort(new Error('enough'));
  await assert.rejects(p, /enough/);
  await assert.rejects(pause(60_000, c.signal), /enough/);
});

test('a pause ends after its time', async () => {
  const clock = new VirtualClock();
  let over = false;
  void pause(500).then(() => (over = true));
  await clock.pass(499);
  assert.equal(over, false);
  await clock.pass(1);
  assert.equal(over, true);
  clock.close();
});
