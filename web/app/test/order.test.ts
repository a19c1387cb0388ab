import assert from 'node:assert/strict';
import { test } from 'node:test';
import { order, type Ranked } from '../order.js';

const tile = (id: string, spokeAt = 0, more: Partial<Ranked> = {}): Ranked => ({ id, spokeAt, focus: false, self: false, ...more });
const ids = (tiles: Ranked[], limit: number) => order(tiles, limit).map((t) => t.id).join('');

test('what is in focus comes first, the own tile last', () => {
  assert.equal(ids([tile('s', 0, { self: true }), tile('a'), tile('b'), tile('x', 0, { focus: true })], 10), 'xabs');
});

test('nobody moves while there is room', () => {
  assert.equal(ids([tile('a', 1), tile('b', 9), tile('c', 5)], 3), 'abc');
});

test('a speaker without a place takes that of the longest silent, and nobody else moves', () => {
  const tiles = [tile('a', 5), tile('b', 1), tile('c', 3), tile('d', 9), tile('e', 0)];
  assert.equal(ids(tiles, 3).slice(0, 3), 'adc');
  assert.equal(ids(tiles, 3).length, 5);
});

test('who has not spoken takes no place', () => {
  assert.equal(ids([tile('a'), tile('b'), tile('c'), tile('d')], 2), 'abcd');
});

test('the own tile keeps its place before those that are not shown', () => {
  assert.equal(ids([tile('s', 0, { self: true }), tile('a'), tile('b'), tile('c')], 3), 'absc');
});
