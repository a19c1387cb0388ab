// The ways that media takes: Firefox as it comes, TURN over UDP and TCP, ICE-TCP without UDP, and UDP that dies.

import { blockUDP, TURN } from '../lib/network.mjs';
import { check, until } from '../lib/until.mjs';

const small = { width: 640, height: 360, fps: 15 };
const back = 8000; // ms until media must be back

/** Two participants who show each other. */
async function pair(bench, server, [one, other], options = {}) {
  const both = await Promise.all([
    bench.join(server, bench.browser(one), { room: 'paths', identity: 'one', source: { ...small, colour: 'red', tone: 500 }, ...options }),
    bench.join(server, bench.browser(other), { room: 'paths', identity: 'other', source: { ...small, colour: 'blue', tone: 800 }, ...options }),
  ]);
  await Promise.all([both[0].show('other'), both[1].show('one')]);
  return both;
}

/** Each sees and hears the other. */
const meet = ([a, b], ms = 15_000) =>
  Promise.all([a.sees('other', 'blue', { ms }), b.sees('one', 'red', { ms }), a.hears(b.tone, ms), b.hears(a.tone, ms)]);

async function asItComes(bench) {
  const server = await bench.server();
  const both = await pair(bench, server, ['firefox', 'chromium']);
  await meet(both);
  const [path] = await both[0].path();
  check('Firefox goes straight over UDP', path.protocol === 'udp' && path.relay === '', path);
  const [{ local }] = await both[0].descriptions();
  check('Firefox offers no loopback candidate: its ICE settings are as they come', !local.includes(' 127.0.0.1 '), local);
}

function relayed(transport, browsers) {
  return async (bench) => {
    const turn = await TURN.start();
    bench.after(() => turn.stop());
    const server = await bench.server({ settings: { turn: { urls: [TURN.url(transport)], secret: TURN.secret } } });
    const both = await pair(bench, server, browsers, { relay: true });
    await meet(both);
    for (const p of both) {
      const [path] = await p.path();
      check(`${p.identity} goes through the relay over ${transport}`, path?.local === 'relay' && path.relay === transport, path);
    }
  };
}

function withoutUDP(browsers) {
  return async (bench) => {
    const server = await bench.server();
    bench.after(await blockUDP());
    const both = await pair(bench, server, browsers);
    await meet(both, 20_000);
    for (const p of both) {
      const [path] = await p.path();
      check(`${p.identity} goes over TCP`, path.protocol === 'tcp', path);
    }
  };
}

/** Milliseconds from the loss of UDP until a participant decodes new frames again. */
async function gap(viewer, identity) {
  const tile = `${identity}-camera`;
  const start = Date.now();
  const before = await viewer.tile(tile);
  await until(`${viewer.identity} sees that the picture stands`, async () => (await viewer.tile(tile)).ageMs > 700, 5000);
  const still = await viewer.tile(tile);
  const frame = await until(`${viewer.identity} sees ${identity} again`, async () => {
    const t = await viewer.tile(tile);
    return t.frames > still.frames && t.colour === before.colour ? t : undefined;
  }, 20_000, 30);
  return Date.now() - frame.ageMs - start;
}

function udpDies(browsers) {
  return async (bench) => {
    const server = await bench.server();
    const both = await pair(bench, server, browsers);
    await meet(both);
    for (const p of both) check(`${p.identity} goes over UDP at first`, (await p.path())[0].protocol === 'udp');
    bench.after(await blockUDP());
    const gaps = await Promise.all([gap(both[0], 'other'), gap(both[1], 'one')]);
    await meet(both);
    for (const p of both) await until(`${p.identity} has moved to TCP`, async () => (await p.path())[0]?.protocol === 'tcp');
    bench.figure(`media back after the loss of UDP, ${browsers.join(' and ')}`, Math.max(...gaps), back);
  };
}

export default [
  { name: 'firefox as it comes', run: asItComes },
  { name: 'turn over udp', run: relayed('udp', ['chromium', 'firefox']) },
  { name: 'turn over tcp', run: relayed('tcp', ['chromium', 'firefox']) },
  { name: 'ice-tcp, udp blocked from the start', run: withoutUDP(['chromium', 'firefox']) },
  { name: 'udp dies in mid-call, chromium', run: udpDies(['chromium', 'chromium']) },
  { name: 'udp dies in mid-call, firefox', run: udpDies(['firefox', 'chromium']) },
];
