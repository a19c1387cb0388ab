// Small tiles get small pictures: the layers of simulcast, from both browsers.

import { check, until } from '../lib/until.mjs';

/** What is published, and which tile gets which width, the smallest first. */
const three = {
  source: { width: 1280, height: 720, fps: 15 },
  layers: [
    { tile: { width: 320, height: 180 }, width: 320 },
    { tile: { width: 640, height: 360 }, width: 640 },
    { tile: { width: 1280, height: 720 }, width: 1280 },
  ],
};

/** Firefox takes no start bitrate from an answer: on a busy machine its estimate of the bandwidth needs up to half a
 * minute until it carries a third encoding. */
const two = { source: { width: 640, height: 360, fps: 15 }, layers: three.layers.slice(0, 2) };

/** How long a browser may take to send an encoding: it waits for its estimate of the bandwidth, and for the processor. */
const growMs = 18_000;

/** Waits until the tile gets the picture of this width, in frames that go on. */
async function getsLayer(viewer, { tile, width }, colour) {
  await viewer.show('publisher', tile);
  const what = `a tile of ${tile.width} x ${tile.height} gets the picture of ${width} pixels`;
  await until(what, async () => {
    const t = await viewer.tile('publisher-camera');
    if (t.width !== width) throw new Error(`width ${t.width}, tile ${JSON.stringify(t.shown)}, state ${(await viewer.call('others'))[0]?.publications[0]?.state}`);
    return t.ageMs < 500;
  }, growMs);
  const seen = await viewer.sees('publisher', colour, { frames: 5 });
  check(`${what}, and keeps it`, seen.width === width, seen);
}

/** All encodings are sent: each has frames that grow. */
async function sendsAll(publisher, count) {
  const frames = async () => {
    const sums = {};
    for (const s of await publisher.stats('outbound-rtp')) if (s.rid) sums[s.rid] = (sums[s.rid] ?? 0) + (s.framesEncoded ?? 0);
    return sums;
  };
  const before = await frames();
  check(`${count} encodings are offered`, Object.keys(before).length === count, before);
  await until('each encoding is sent', async () => {
    const now = await frames();
    return Object.keys(now).every((rid) => now[rid] > before[rid] + 5);
  }, growMs);
}

/** Waits until the browser sends all encodings, and tells what holds it back if it does not: then it is asked once to begin anew,
 * as what its estimate of the bandwidth does in its first seconds is not what is tested here. */
async function grows(publisher, count) {
  try {
    await sendsAll(publisher, count);
  } catch (e) {
    const held = (await publisher.stats('outbound-rtp')).map((s) => [s.rid, s.framesEncoded, s.targetBitrate, s.qualityLimitationReason].join(' '));
    console.log(`     ${e.message}; ${JSON.stringify(held)}; once more`);
    await publisher.page.run(() => window.room.local.unpublish('camera'));
    await publisher.page.run(async () => void (await window.room.local.publish('camera')));
  }
}

async function allLayers(viewer, publisher, layers, colour) {
  await getsLayer(viewer, layers[0], colour);
  await grows(publisher, layers.length);
  for (const layer of [layers.at(-1), ...layers.toReversed().slice(1)]) await getsLayer(viewer, layer, colour);
  await sendsAll(publisher, layers.length);
}

function simulcast(name, codec, { source, layers }) {
  return async (bench) => {
    const server = await bench.server({ settings: { room: { codec } } });
    const [publisher, viewer] = await Promise.all([
      bench.join(server, bench.browser(name), { room: 'layers', identity: 'publisher', publish: ['camera'], dynacast: false, source: { ...source, colour: 'green' } }),
      bench.join(server, bench.chromium, { room: 'layers', identity: 'viewer', publish: [] }),
    ]);
    await allLayers(viewer, publisher, layers, 'green');

    await publisher.page.run(() => window.room.local.unpublish('camera'));
    await until('the publication is gone', async () => (await viewer.call('others'))[0].publications.length === 0);
    await publisher.page.run(async () => void (await window.room.local.publish('camera')));
    await viewer.show('publisher', layers[0].tile);
    await allLayers(viewer, publisher, layers, 'green');
  };
}

export default [
  { name: 'simulcast from chromium', run: simulcast('chromium', 'vp8', three) },
  { name: 'simulcast from firefox', run: simulcast('firefox', 'vp8', two) },
  { name: 'simulcast of h264', run: simulcast('chromium', 'h264', three) },
  { name: 'simulcast of vp9', run: simulcast('chromium', 'vp9', three) },
  { name: 'simulcast of vp9 from firefox', run: simulcast('firefox', 'vp9', two) },
  { name: 'simulcast of av1', run: simulcast('chromium', 'av1', three) },
];
