// Encodings that nobody looks at are not sent, and are there again when somebody does.

import { check, until } from '../lib/until.mjs';

const large = { width: 1280, height: 720 };
const small = { width: 320, height: 180 };
const growMs = 25_000; // until the browser sends all encodings: it waits for its estimate and for the processor
const sleepMs = 9000; // 5 s, and what a busy machine needs
const every = 1000; // ms: a measurement

/** What each encoding has sent: {rid: {frames, bytes}}. */
async function sent(publisher) {
  const sums = {};
  for (const s of await publisher.stats('outbound-rtp')) {
    if (s.kind !== 'video') continue;
    const sum = (sums[s.rid ?? ''] ??= { frames: 0, bytes: 0 });
    sum.frames += s.framesSent ?? s.framesEncoded ?? 0;
    sum.bytes += s.bytesSent ?? 0;
  }
  return sums;
}

/** What was sent in a second: the rids with pictures, and bit/s of all. */
async function now(publisher) {
  const [before, start] = [await sent(publisher), Date.now()];
  await new Promise((done) => setTimeout(done, every));
  const [after, ms] = [await sent(publisher), Date.now() - start];
  const rids = Object.keys(after).filter((rid) => after[rid].frames > (before[rid]?.frames ?? 0));
  const bytes = Object.values(after).reduce((n, s) => n + s.bytes, 0) - Object.values(before).reduce((n, s) => n + s.bytes, 0);
  return { rids: rids.sort().join(' '), kbits: Math.round((8 * bytes) / ms) };
}

/** Waits until exactly these encodings are sent, and returns the rate. */
async function sends(publisher, rids, ms) {
  let seen;
  await until(`"${rids}" is sent`, async () => {
    seen = await now(publisher);
    if (seen.rids !== rids) throw new Error(JSON.stringify(seen));
    return true;
  }, ms);
  return seen.kbits;
}

/** Waits until the tile shows a picture of this width that moves; how long that took, in ms. */
async function gets(viewer, width, ms, start = Date.now()) {
  await until(`the picture of ${width} pixels`, async () => {
    const t = await viewer.tile('publisher-camera');
    if (t?.width !== width || t.ageMs > 500) throw new Error(JSON.stringify(t));
    return true;
  }, ms, 20);
  return Date.now() - start;
}

async function shows(viewer, size, ms) {
  const start = Date.now();
  await viewer.show('publisher', size);
  return gets(viewer, size.width, ms, start);
}

/** Takes the tile out of sight, or back. */
const hide = (viewer, hidden) =>
  viewer.page.run((h) => void (document.getElementById('box-publisher-camera').style.display = h ? 'none' : ''), hidden);

function dynacast(name, { source, all, tile }) {
  return async (bench) => {
    const server = await bench.server();
    const join = (identity, browser, options) => bench.join(server, browser, { room: 'dynacast', identity, ...options });
    const publisher = await join('publisher', bench.browser(name), { publish: ['camera'], source: { ...source, colour: 'green' } });
    const viewer = await join('viewer', bench.chromium, { publish: [] });
    await shows(viewer, tile, growMs);
    const full = await sends(publisher, all, growMs);

    await shows(viewer, small, growMs);
    const low = await sends(publisher, 'q', sleepMs);
    const woken = await shows(viewer, tile, growMs);
    await sends(publisher, all, growMs);

    await hide(viewer, true);
    await sends(publisher, '', sleepMs);
    const start = Date.now();
    await hide(viewer, false);
    await until('a picture', async () => (await viewer.tile('publisher-camera'))?.ageMs < 300, 5000, 20);
    const again = Date.now() - start;
    const sharp = await gets(viewer, tile.width, growMs, start);
    await sends(publisher, all, growMs);

    console.log(`     ${name}: ${full} kbit/s with all, ${low} with a small tile; ms to the large picture ${woken}, from nothing to a picture ${again}, to the large one ${sharp}`);
    check('a small tile saves most of what the publisher sends', low < full / 2, { full, low });
    const errors = await publisher.debug();
    check('no change was refused', !errors.transcript.some((l) => l.text.includes('encodings refused')), errors.transcript);
  };
}

const three = { source: { ...large, fps: 15 }, all: 'f h q', tile: large };
/** Firefox needs long until its estimate carries a third encoding. */
const two = { source: { width: 640, height: 360, fps: 15 }, all: 'h q', tile: { width: 640, height: 360 } };

export default [
  { name: 'dynacast from chromium', run: dynacast('chromium', three) },
  { name: 'dynacast from firefox', run: dynacast('firefox', two) },
];
