// The product's main job on the page that a user has: two browsers meet by clicking, see and hear each other, mute and
// unmute; a third comes late.

import { check, median, until } from '../lib/until.mjs';

const rounds = 5;

/** Both open the link, fill in the form and click. */
async function meet(bench, server, sources) {
  const [ada, bob] = await Promise.all([
    bench.open(server, bench.chromium, { room: 'call', name: 'ada', source: sources?.[0] }),
    bench.open(server, bench.firefox, { room: 'call', name: 'bob', source: sources?.[1] }),
  ]);
  await Promise.all([ada.prepare(), bob.prepare()]);
  await Promise.all([ada.join(), bob.join()]);
  return [ada, bob];
}

function noErrors(...viewers) {
  for (const v of viewers) check(`the page of ${v.identity} has no errors`, v.page.errors.length === 0, v.page.errors);
}

async function fakeDevices(bench) {
  const server = await bench.plainServer();
  const [ada, bob] = await meet(bench, server);
  await Promise.all([ada.sees('bob'), bob.sees('ada'), ada.hears(), bob.hears()]);
  noErrors(ada, bob);
}

/** One mutes by clicking and comes back; the other sees and hears it. */
async function muteAndUnmute(one, other) {
  await one.click('mic');
  await other.hearsNothing();
  await one.click('mic');
  await other.hears(one.tone);

  await one.click('camera');
  await other.seesNothing(`${one.identity}-camera`);
  await until(`the tile of ${one.identity} says that the camera is off`, async () => (await other.state(one.identity)) === 'paused');
  await one.click('camera');
  await other.sees(one.identity, one.colour);
}

async function known(bench) {
  const server = await bench.plainServer();
  const [ada, bob] = await meet(bench, server, [{ colour: 'red', tone: 500 }, { colour: 'blue' }]);
  await Promise.all([ada.sees('bob', 'blue'), bob.sees('ada', 'red'), ada.hears(bob.tone), bob.hears(ada.tone)]);
  await muteAndUnmute(ada, bob);
  await muteAndUnmute(bob, ada);
  noErrors(ada, bob);
}

/** Milliseconds from the click that joins to the first frame of somebody else. */
async function joinTime(bench, server) {
  const eve = await bench.open(server, bench.chromium, { room: 'late', name: 'eve', source: { colour: 'cyan', tone: 900 } });
  await eve.prepare();
  await eve.join();
  await Promise.all([eve.sees('red', 'red'), eve.sees('blue', 'blue')]);
  const [clicks, changes] = await eve.page.run(() => [window.watch.clicks, window.watch.changes]);
  const first = (colour) => changes.find((c) => c.colour === colour).at - clicks.at(-1);
  await bench.close(eve.page);
  return { one: Math.min(first('red'), first('blue')), all: Math.max(first('red'), first('blue')) };
}

async function late(bench) {
  const server = await bench.server({ flags: ['--dev'] });
  const there = await Promise.all(['red', 'blue'].map((colour) =>
    bench.join(server, bench.chromium, { room: 'late', identity: `${colour}-0`, source: { colour } })));
  for (const p of there) await until('they are in the room', async () => (await p.call('others')).length === 1);
  let times = [];
  await bench.bestFigure('join, click to first remote frame', 700, async () => {
    times = [];
    for (let i = 0; i < rounds; i++) times.push(await joinTime(bench, server));
    return median(times.map((t) => t.one));
  });
  console.log(`     joins: ${times.map((t) => `${Math.round(t.one)}/${Math.round(t.all)}`).join(' ')} ms to the first/last of two pictures`);
  bench.figure('late join, click to the pictures of all', median(times.map((t) => t.all)), 1000);
}

export default [
  { name: 'call by clicking, fake devices', run: fakeDevices },
  { name: 'call by clicking, mute and unmute', run: known },
  { name: 'late join', run: late },
];
