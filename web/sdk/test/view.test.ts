import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ViewItem } from '../src/protocol.js';
import { VirtualClock } from './clock.js';
import { buildView, ViewSender, type Wish } from '../src/view.js';

const make = (publication: string, width: number, height: number, more: Partial<Wish> = {}): Wish => ({
  publication, width, height, visible: true, priority: 0, fps: undefined, ...more,
});

test('what cannot be seen is not wanted', () => {
  const items = buildView([make('a', 320, 180, { visible: false }), make('b', 0, 0), make('c', 320, 176)]);
  assert.deepEqual(items, [{ publication: 'c', width: 320, height: 176, priority: 0 }]);
});

test('a publication is wanted at the size of its largest tile', () => {
  const items = buildView([make('a', 160, 96), make('a', 640, 368, { fps: 15 }), make('a', 320, 176, { fps: 30, priority: 2 })]);
  assert.deepEqual(items, [{ publication: 'a', width: 640, height: 368, priority: 2, fps: 30 }]);
});

test('sizes are rounded up, so that small changes change nothing', () => {
  assert.deepEqual(buildView([make('a', 321, 181)]), buildView([make('a', 336, 192)]));
});

test('the important comes first, then the large', () => {
  const items = buildView([make('small', 160, 96), make('large', 640, 368), make('urgent', 160, 96, { priority: 5 })]);
  assert.deepEqual(items.map((i) => i.publication), ['urgent', 'large', 'small']);
});

test('a view is sent when it changes, to each session anew, and not before the first wish', async () => {
  const clock = new VirtualClock();
  let items: ViewItem[] = [];
  const sent: [number, ViewItem[]][] = [];
  const sender = new ViewSender(() => items, (rev, i) => sent.push([rev, i]));
  sender.open();
  await clock.pass(1000);
  assert.equal(sent.length, 0);
  items = [{ publication: 'a' }];
  sender.changed();
  await clock.pass(0);
  assert.deepEqual(sent, [[1, [{ publication: 'a' }]]]);
  sender.close();
  items = [{ publication: 'b' }];
  sender.changed();
  await clock.pass(1000);
  assert.equal(sent.length, 1, 'there is no session');
  sender.open();
  await clock.pass(0);
  assert.deepEqual(sent[1], [1, [{ publication: 'b' }]]);
  sender.changed();
  await clock.pass(1000);
  assert.equal(sent.length, 2, 'nothing has changed');
  clock.close();
});

test('a change after a rest is sent at once, those after it together', async () => {
  const clock = new VirtualClock();
  let width = 0;
  const sent: number[] = [];
  const sender = new ViewSender(() => [{ publication: 'a', width }], (_, items) => sent.push(items[0]?.width ?? 0));
  sender.open();
  for (width = 1; width <= 10; width++) {
    sender.changed();
    await clock.pass(10);
  }
  assert.deepEqual(sent, [1, 10]);
  clock.close();
});

test('nothing is sent while a tile does not know its place', async () => {
  const clock = new VirtualClock();
  let items: ViewItem[] | undefined;
  const sent: ViewItem[][] = [];
  const sender = new ViewSender(() => items, (_, i) => sent.push(i));
  sender.open();
  sender.changed();
  await clock.pass(500);
  assert.equal(sent.length, 0);
  items = [];
  sender.changed();
  await clock.pass(0);
  assert.deepEqual(sent, [[]]);
  clock.close();
});
