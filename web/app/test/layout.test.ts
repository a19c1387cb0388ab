import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layout, type Rect } from '../layout.js';

const inside = (r: Rect, w: number, h: number) => r.left >= 0 && r.top >= 0 && r.left + r.width <= w + 1 && r.top + r.height <= h + 1;
const apart = (a: Rect, b: Rect) =>
  a.left + a.width <= b.left || b.left + b.width <= a.left || a.top + a.height <= b.top || b.top + b.height <= a.top;

const stages: [number, number][] = [[1280, 640], [360, 500], [640, 300], [1920, 950], [200, 150]];

test('tiles lie on the stage and never over each other, whatever their number', () => {
  for (const [w, h] of stages) {
    for (let n = 1; n <= 60; n++) {
      for (const focused of [0, 1, 2]) {
        if (focused > n) continue;
        const { rects, hidden } = layout(n, focused, w, h);
        const shown = rects.filter((r): r is Rect => r !== undefined);
        const what = `${n} tiles, ${focused} focused, ${w}x${h}`;
        assert.equal(rects.length, n, what);
        assert.equal(shown.length + hidden, n, what);
        assert.ok(shown.length > 0 && shown.every((r) => inside(r, w, h)), what);
        assert.ok(shown.every((a, i) => shown.slice(i + 1).every((b) => apart(a, b))), what);
      }
    }
  }
});

test('equal tiles are neither flat nor thin, and all of one size', () => {
  for (const [w, h] of stages) {
    for (let n = 1; n <= 20; n++) {
      const shown = layout(n, 0, w, h).rects.filter((r): r is Rect => r !== undefined);
      for (const r of shown) {
        assert.ok(r.width / r.height < 1.82 && r.width / r.height > 0.75, `${n} on ${w}x${h}: ${r.width}x${r.height}`);
        assert.equal(r.width, shown[0]?.width);
      }
    }
  }
});

test('two people stand side by side on a wide stage, one above the other on a phone', () => {
  const [a, b] = layout(2, 0, 1280, 640).rects as [Rect, Rect];
  assert.equal(a.top, b.top);
  const [c, d] = layout(2, 0, 360, 500).rects as [Rect, Rect];
  assert.equal(c.left, d.left);
});

test('a focused tile takes most of the stage', () => {
  const [screen, other] = layout(5, 1, 1280, 640).rects as [Rect, Rect];
  assert.ok(screen.width * screen.height > 0.7 * 1280 * 640);
  assert.ok(other.width < 300);
});

test('nothing is laid out on nothing', () => {
  assert.deepEqual(layout(0, 0, 100, 100), { rects: [], hidden: 0 });
  assert.deepEqual(layout(3, 0, 0, 100), { rects: [], hidden: 0 });
});
