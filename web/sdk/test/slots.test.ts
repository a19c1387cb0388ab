import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Slot } from '../src/protocol.js';
import { pauseReason, seenSource, showState, SlotTable } from '../src/slots.js';
import { granted } from '../src/stats.js';

const slot = (more: Partial<Slot> = {}): Slot => ({ mid: '3', kind: 'video', state: 'live', publication: 'p1', csrc: 42, ...more });

const from = (csrc: number | undefined) => ({ csrc, rtpTimestamp: 90000 });

test('the table takes newer revisions only', () => {
  const table = new SlotTable();
  assert.ok(table.apply({ rev: 3, slots: [slot()] }));
  assert.equal(table.apply({ rev: 3, slots: [] }), false);
  assert.equal(table.apply({ rev: 2, slots: [] }), false);
  assert.equal(table.of('p1')?.mid, '3');
  assert.ok(table.apply({ rev: 4, slots: [slot({ publication: 'p2' })] }));
  assert.equal(table.of('p1'), undefined);
  assert.equal(table.of('p2')?.mid, '3');
});

test('an idle slot carries nothing, whatever it still names', () => {
  const table = new SlotTable();
  table.apply({ rev: 0, slots: [slot({ state: 'idle' })] });
  assert.equal(table.of('p1'), undefined);
});

test('a picture is shown when its source is the announced one, and only then', () => {
  assert.equal(showState(slot(), false, from(42)), 'live');
  assert.equal(showState(slot({ state: 'switching' }), false, from(42)), 'live', 'the packets came before the announcement');
  assert.equal(showState(slot(), false, from(41)), 'switching', 'another face is on the slot');
  assert.equal(showState(slot({ state: 'switching' }), false, from(41)), 'switching');
  assert.equal(showState(slot(), false, undefined), 'switching', 'nothing has come yet');
});

test('a browser that tells no source is believed when the server says live', () => {
  assert.equal(showState(slot(), false, from(undefined)), 'live');
  assert.equal(showState(slot({ state: 'switching' }), false, from(undefined)), 'switching');
});

test('a muted or paused source shows nothing', () => {
  assert.equal(showState(slot(), true, from(42)), 'paused');
  assert.equal(showState(slot({ state: 'paused' }), false, from(42)), 'paused');
  assert.equal(showState(undefined, true, undefined), 'idle');
});

test('why nothing is shown: the publisher, or the way to here', () => {
  assert.equal(pauseReason(slot({ state: 'paused', reason: 'bandwidth' }), false), 'bandwidth');
  assert.equal(pauseReason(slot({ state: 'paused', reason: 'muted' }), false), 'muted');
  assert.equal(pauseReason(slot({ state: 'paused', reason: 'bandwidth' }), true), 'muted', 'the roster knows of a mute first');
  assert.equal(pauseReason(slot({ state: 'paused' }), false), 'muted', 'an older server');
});

test('what is granted has the name of its layer', () => {
  const simulcast = { encodings: [{ rid: 'q' }, { rid: 'h' }] };
  assert.deepEqual(granted(simulcast, { mid: '3', spatial: 1, temporal: 2, why: 'demand' }), { layer: 'h', temporal: 2, why: 'demand' });
  assert.deepEqual(granted({ encodings: [] }, { mid: '3', spatial: 1, temporal: 0, why: 'budget' }), { layer: '1', temporal: 0, why: 'budget' });
  assert.deepEqual(granted(simulcast, { mid: '3', spatial: -1, temporal: -1, why: 'paused' }), { layer: undefined, temporal: -1, why: 'paused' });
  assert.equal(granted(simulcast, undefined), undefined);
});

const receiver = (contributing: [number, number][], own: [number, number][]) => {
  const list = (l: [number, number][]) => l.map(([source, timestamp]) => ({ source, timestamp, rtpTimestamp: 7 }));
  return {
    getContributingSources: () => list(contributing),
    getSynchronizationSources: () => list(own),
  } as unknown as RTCRtpReceiver;
};

test('the newest contributing source is the one that plays', () => {
  assert.deepEqual(seenSource(receiver([[1, 1000], [2, 3000], [3, 2000]], [[9, 3000]])), { csrc: 2, rtpTimestamp: 7 });
  assert.deepEqual(seenSource(receiver([], [[9, 3000]])), { csrc: undefined, rtpTimestamp: 7 });
  assert.equal(seenSource(receiver([], [])), undefined);
});

test('a contributing source that stopped a while ago plays no longer', () => {
  assert.equal(seenSource(receiver([[1, 1000]], [[9, 3000]]))?.csrc, undefined);
  assert.equal(seenSource(receiver([[1, 2800]], [[9, 3000]]))?.csrc, 1);
});
