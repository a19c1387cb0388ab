// Every codec that the browsers send, as the room's codec and as a publisher's own choice.

import { check } from '../lib/until.mjs';

const small = { width: 640, height: 360, fps: 15 };

/** Each sees each other one's colour, and what arrives is of this codec. */
async function allSee(participants, codec) {
  const pairs = participants.flatMap((p) => participants.filter((o) => o !== p).map((o) => [p, o]));
  await Promise.all(pairs.map(([p, o]) => p.show(o.identity)));
  await Promise.all(pairs.map(([p, o]) => p.sees(o.identity, o.colour, { ms: 20_000 })));
  for (const p of participants) await arrives(p, codec);
}

async function arrives(participant, codec) {
  const stats = await participant.stats('inbound-rtp', 'codec');
  const used = stats.filter((s) => s.type === 'inbound-rtp' && s.kind === 'video' && s.framesDecoded > 0);
  const names = used.map((s) => stats.find((c) => c.id === s.codecId)?.mimeType.toLowerCase());
  check(`${participant.identity} decodes ${codec}`, used.length > 0 && names.every((n) => n === `video/${codec}`), names);
}

function roomCodec(codec, browsers) {
  return async (bench) => {
    const server = await bench.server({ settings: { room: { codec } } });
    const looks = [{ colour: 'red', tone: 500 }, { colour: 'blue', tone: 800 }];
    const participants = await Promise.all(browsers.map((name, i) =>
      bench.join(server, bench.browser(name), { room: codec, identity: `${name}${i}`, source: { ...small, ...looks[i] } })));
    await allSee(participants, codec);
  };
}

/** A room of VP8 with one publisher who sends something else: the viewer gets slots of that codec. */
async function ownCodec(bench) {
  const server = await bench.server();
  const join = (identity, colour, codec) => {
    const camera = codec ? { codec } : true;
    return bench.join(server, bench.chromium, { room: 'mixed', identity, source: { ...small, colour }, publish: { camera } });
  };
  const [viewer] = await Promise.all([join('viewer', 'red'), join('nine', 'blue', 'vp9'), join('eight', 'green')]);
  await Promise.all([viewer.show('nine'), viewer.show('eight')]);
  await Promise.all([viewer.sees('nine', 'blue', { ms: 15_000 }), viewer.sees('eight', 'green')]);
  const codecs = (await viewer.call('others')).map((o) => `${o.identity} ${o.publications[0].codec}`).sort();
  check('the room knows both codecs', codecs.join() === 'eight vp8,nine vp9', codecs);
}


async function h264(bench) {
  const server = await bench.server({ settings: { room: { codec: 'h264' } } });
  const [c, f] = await Promise.all([bench.join(server, bench.chromium, { room: 'x', identity: 'c', source: { ...small, colour: 'red' } }), bench.join(server, bench.firefox, { room: 'x', identity: 'f', source: { ...small, colour: 'blue' } })]);
  console.log(JSON.stringify(await c.call('others')), JSON.stringify(await f.call('others')), await c.call('problems'), await f.call('problems'));
  await c.show('f'); await c.sees('f', 'blue', { ms: 8000 });
  await f.show('c'); await f.sees('c', 'red', { ms: 8000 });
}
export default [{ name: 'xh264', run: h264 }];
