import assert from 'node:assert/strict';
import { test } from 'node:test';
import { abortable, Serial } from '../src/serial.js';

test('jobs run one after the other, and a failed one does not stop the next', async () => {
  const log: string[] = [];
  const serial = new Serial();
  const job = (name: string, fail: boolean) => async () => {
    log.push(`${name} begins`);
    await Promise.resolve();
    log.push(`${name} ends`);
    if (fail) throw new Error(name);
    return name;
  };
  const a = serial.run(job('a', true));
  const b = serial.run(job('b', false));
  await assert.rejects(a, /a/);
  assert.equal(await b, 'b');
  assert.deepEqual(log, ['a begins', 'a ends', 'b begins', 'b ends']);
});

test('an aborted wait ends at once', async () => {
  const c = new AbortController();
  const p = abortable(new Promise(() => undefined), c.signal);
  c.abort(new Error('enough'));
  await assert.rejects(p, /enough/);
});
