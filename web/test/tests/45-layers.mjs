// The layers of simulcast and SVC, judged by real decoders: a viewer changes the size of its tile at random while packets
// are lost, and must always see the right picture, moving, recent, and soon in the size of the tile.

import { losePackets } from '../lib/network.mjs';
import { numberBits } from '../lib/source.mjs';
import { check, median, pause, until } from '../lib/until.mjs';

/** What is published; widths are those of the layers, the smallest first. L3T3 at 20 % loss needs the server to resend lost
 * repairs unasked: Chromium gives up what an upper layer lost once the base layer of a later picture is there. */
const modes = [
  { codec: 'vp8', mode: 'simulcast', width: 1280, height: 720, widths: [320, 640, 1280], firefox: true },
  { codec: 'h264', mode: 'simulcast', width: 1280, height: 720, widths: [320, 640, 1280] },
  { codec: 'vp9', mode: 'L3T3_KEY', width: 960, height: 540, widths: [240, 480, 960], firefox: true },
  { codec: 'vp9', mode: 'L3T3', width: 960, height: 540, widths: [240, 480, 960] },
  { codec: 'av1', mode: 'L3T3_KEY', width: 960, height: 540, widths: [240, 480, 960] },
  { codec: 'av1', mode: 'L1T3', width: 640, height: 360, widths: [640], firefox: true },
];

const fps = 15;
const growMs = 25_000; // until the publisher sends all layers: it waits for its estimate and for the processor
const switches = 3; // at each loss
const stayMs = 900; // after a switch

/** What may happen at a loss (percent of packets): how long until the size is right, how old a picture may be, the share
 * of time in freezes, and requests for keyframes a second, and the share of all pictures that must be decoded. Repair takes a round trip; more is due only to packets that were lost again. */
const bounds = [
  { loss: 0, switchMs: 4000, ageMs: 1000, frozen: 0.15, plis: 0.5, decoded: 0.6 },
  { loss: 5, switchMs: 6000, ageMs: 1500, frozen: 0.4, plis: 1, decoded: 0.5 },
  { loss: 20, switchMs: 8000, ageMs: 2500, frozen: 0.6, plis: 2, decoded: 0.25 },
];

/** The statistics of the video that arrives, as sums. */
async function received(viewer) {
  const all = await viewer.stats('inbound-rtp');
  const sum = (name) => all.filter((s) => s.kind === 'video').reduce((n, s) => n + (s[name] ?? 0), 0);
  return {
    at: Date.now(), decoded: sum('framesDecoded'), keyframes: sum('keyFramesDecoded'), dropped: sum('framesDropped'),
    frozen: sum('totalFreezesDuration'), plis: sum('pliCount') + sum('firCount'),
  };
}

/** How old the picture is that a viewer shows: by the number in it, in ms. The publisher is asked first. */
async function age(publisher, viewer) {
  const now = await publisher.page.run(() => window.cameraNumber);
  const { number } = await viewer.tile('publisher-camera');
  const count = 1 << numberBits;
  const behind = (now - number + count) % count;
  return behind > count / 2 ? 0 : (behind * 1000) / fps;
}

/** Makes the tile as large as a layer and waits until the picture is. Returns how long that took, in ms. */
async function goTo(viewer, { width, height, widths }, layer, ms) {
  const start = Date.now();
  const w = widths[layer];
  await viewer.show('publisher', { width: w, height: Math.round((w * height) / width) });
  await until(`${viewer.identity} gets the picture of ${w} pixels`, async () => {
    const t = await viewer.tile('publisher-camera');
    if (t.width !== w) throw new Error(`width ${t.width}`);
    return t.ageMs < 1000;
  }, ms);
  return Date.now() - start;
}

/** Changes layers at one loss and holds what was seen to the bounds. Returns the times of the switches. */
async function atLoss(publisher, viewer, mode, bound, random) {
  const before = await received(viewer);
  const times = [];
  let layer = mode.widths.length - 1;
  for (let i = 0; i < switches; i++) {
    if (mode.widths.length > 1) layer = (layer + 1 + Math.floor(random() * (mode.widths.length - 1))) % mode.widths.length;
    times.push(await goTo(viewer, mode, layer, bound.switchMs));
    await pause(stayMs);
    const what = `${viewer.identity} at ${bound.loss} % loss`;
    const seen = await viewer.sees('publisher', 'green', { frames: 2, ms: bound.ageMs * 2 });
    check(`${what} sees the layer that was asked for`, seen.width === mode.widths[layer], seen);
    await until(`${what} sees a recent picture`, async () => {
      const ms = await age(publisher, viewer);
      if (ms > bound.ageMs) throw new Error(`${ms} ms old`);
      return true;
    }, bound.ageMs);
  }
  const after = await received(viewer);
  judge(viewer, bound, before, after);
  return times;
}

/** The same, once more if it fails: other work on the machine makes pictures late as loss does. */
async function atLossOrAgain(...what) {
  try {
    return await atLoss(...what);
  } catch (e) {
    console.log(`     ${e.message}; once more`);
    return atLoss(...what);
  }
}

function judge(viewer, bound, before, after) {
  const seconds = (after.at - before.at) / 1000;
  const change = Object.fromEntries(Object.keys(after).map((k) => [k, after[k] - before[k]]));
  const what = `${viewer.identity} at ${bound.loss} % loss in ${seconds.toFixed(1)} s`;
  console.log(`     ${what}: ${JSON.stringify(change)}`);
  check(`${what} decodes`, change.decoded >= fps * seconds * bound.decoded, change);
  check(`${what} freezes seldom`, change.frozen <= Math.max(1, seconds * bound.frozen), change);
  check(`${what} asks for few keyframes`, change.plis <= 2 + seconds * bound.plis, change);
  check(`${what} decodes keyframes for switches and requests only`, change.keyframes <= 4 * switches + change.plis, change);
  check(`${what} drops few frames`, change.dropped <= 3 + (change.decoded + change.dropped) / 4, change);
}

/** Random numbers that are the same in every run. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function layers(mode) {
  return async (bench) => {
    const server = await bench.server({ settings: { room: { codec: mode.codec } } });
    const camera = mode.mode === 'simulcast' ? true : { scalabilityMode: mode.mode, maxBitrate: 1.5e6 };
    const source = { width: mode.width, height: mode.height, fps, colour: 'green' };
    const join = (browser, identity, publish, more) => bench.join(server, bench.browser(browser), { room: 'layers', identity, publish, ...more });
    const [publisher, ...viewers] = await Promise.all([
      join('chromium', 'publisher', { camera }, { source }),
      join('chromium', 'chromium', []),
      ...(mode.firefox ? [join('firefox', 'firefox', [])] : []),
    ]);
    const top = mode.widths.length - 1;
    await Promise.all(viewers.map((v) => goTo(v, mode, top, growMs)));
    const random = seeded(mode.width + mode.mode.length);
    const times = []; // without loss
    for (const bound of bounds) {
      const restore = bound.loss > 0 ? await losePackets(bound.loss) : undefined;
      let lost = 0;
      try {
        const all = await Promise.all(viewers.map((v) => atLossOrAgain(publisher, v, mode, bound, random)));
        if (bound.loss === 0) times.push(...all.flat());
      } finally {
        lost = await restore?.();
      }
      check('packets are lost', bound.loss === 0 || lost > 0, lost);
      await Promise.all(viewers.map((v) => goTo(v, mode, top, growMs)));
    }
    if (mode.widths.length > 1) bench.figure(`layer-switch-${mode.codec}-${mode.mode}`, median(times), 2500);
  };
}

export default modes.map((mode) => ({ name: `layers of ${mode.codec} ${mode.mode}`, run: layers(mode) }));
