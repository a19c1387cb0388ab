import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tile } from '../src/tile.js';
import { VirtualClock } from './clock.js';

type Painted = (now: number, frame: { rtpTimestamp?: number }) => void;

/** A video element that paints when the test says so. */
class Video {
  style = { opacity: '' };
  srcObject: unknown = null;
  clientWidth = 320;
  #waiting: Painted[] = [];

  play = async () => undefined;
  getBoundingClientRect = () => ({ width: 320, height: 180, left: 0, top: 0, right: 320, bottom: 180 });
  requestVideoFrameCallback = (f: Painted) => this.#waiting.push(f);

  paint(rtpTimestamp?: number): void {
    for (const f of this.#waiting.splice(0)) f(0, rtpTimestamp === undefined ? {} : { rtpTimestamp });
  }

  get inSight(): boolean {
    return this.style.opacity !== '0';
  }
}

class Observer {
  observe(): void {}
  disconnect(): void {}
}

/** A page with one element, in virtual time. */
async function page(run: (video: Video, clock: VirtualClock) => Promise<void>): Promise<void> {
  Object.assign(globalThis, {
    ResizeObserver: Observer, IntersectionObserver: Observer, document: { documentElement: { clientWidth: 1280, clientHeight: 720 } },
  });
  const clock = new VirtualClock();
  try {
    await run(new Video(), clock);
  } finally {
    clock.close();
  }
}

const tileOf = (video: Video) => new Tile(video as unknown as HTMLVideoElement, {}, () => undefined);
const stream = {} as MediaStream;

// The order counts: whether the browser tells timestamps is known from the first that it tells.

test('a browser that tells no timestamps: the picture is shown a little after it is live', () =>
  page(async (video, clock) => {
    const tile = tileOf(video);
    tile.show(stream, true, 5000);
    await clock.pass(79);
    assert.equal(video.inSight, false);
    await clock.pass(1);
    assert.equal(video.inSight, true);
    tile.close();
  }));

test('a browser that tells them: the picture is shown when it is the right one', () =>
  page(async (video) => {
    const tile = tileOf(video);
    tile.show(stream, true, 5000);
    video.paint(4999);
    assert.equal(video.inSight, false);
    video.paint(5000);
    assert.equal(video.inSight, true);
    tile.close();
  }));

test('a tile that takes over an element waits for its own picture, however long that takes to be painted', () =>
  page(async (video, clock) => {
    const before = tileOf(video);
    before.show(stream, true, 1000);
    video.paint(1000);
    before.close();

    const tile = tileOf(video);
    tile.show(stream, true, 9000);
    await clock.pass(100); // a busy machine paints nothing
    assert.equal(video.inSight, false);
    video.paint(4000); // of the one before
    await clock.pass(500);
    assert.equal(video.inSight, false);
    video.paint(9000);
    assert.equal(video.inSight, true);
    tile.close();
  }));

test('what is never painted is shown after a second', () =>
  page(async (video, clock) => {
    const tile = tileOf(video);
    tile.show(stream, true, 9000);
    await clock.pass(999);
    assert.equal(video.inSight, false);
    await clock.pass(1);
    assert.equal(video.inSight, true);
    tile.close();
  }));
