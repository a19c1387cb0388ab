import assert from 'node:assert/strict';
import { test } from 'node:test';
import { useEncodings, useTrack } from '../src/sender.js';

/** A sender that refuses what was read before its last change, as browsers do, and the first so many changes anyway. */
function fakeSender(rids: (string | undefined)[], refusals = 0) {
  let read: object | undefined;
  let busy = false;
  const calls: string[] = [];
  const encodings = rids.map((rid) => (rid === undefined ? {} : { rid, active: true })) as RTCRtpEncodingParameters[];
  const change = async (call: string, act: () => void) => {
    assert.ok(!busy, `${call} during another change`);
    busy = true;
    await new Promise((done) => setTimeout(done, 1));
    busy = false;
    calls.push(call);
    if (refusals-- > 0) throw new Error('InvalidModificationError');
    act();
  };
  const sender = {
    track: null as unknown,
    getParameters: () => (read = { encodings: encodings.map((e) => ({ ...e })) }),
    setParameters: (p: RTCRtpSendParameters) => {
      assert.equal(p, read, 'read anew');
      read = undefined;
      return change('set', () => p.encodings.forEach((e, i) => Object.assign(encodings[i] as object, e)));
    },
    replaceTrack: (t: unknown) => change('replace', () => (sender.track = t)),
  };
  return { sender: sender as unknown as RTCRtpSender, calls, active: () => encodings.map((e) => e.active ?? true) };
}

test('encodings are set after what was begun before, and only if they change', async () => {
  const { sender, calls, active } = fakeSender(['q', 'h', 'f']);
  const track = {} as MediaStreamTrack;
  await Promise.all([
    useTrack(sender, () => track),
    useEncodings(sender, (rid) => rid === 'q'),
    useTrack(sender, () => track),
    useEncodings(sender, (rid) => rid === 'q'),
    useEncodings(sender, (rid) => rid !== 'f'),
  ]);
  assert.deepEqual(calls, ['replace', 'set', 'set']);
  assert.deepEqual(active(), [true, true, false]);
});

test('the only encoding has no rid', async () => {
  const { sender, active } = fakeSender([undefined]);
  await useEncodings(sender, () => false);
  assert.deepEqual(active(), [false]);
});

test('what is refused is tried once more, and what follows is not stopped', async () => {
  const { sender, active } = fakeSender(['q', 'f'], 1);
  await useEncodings(sender, () => false);
  assert.deepEqual(active(), [false, false]);
  const never = fakeSender(['q'], 2);
  await assert.rejects(useEncodings(never.sender, () => false));
  await useEncodings(never.sender, () => false);
  assert.deepEqual(never.active(), [false]);
});
