// One slot, two publishers: the right picture each time, fast, and without any negotiation.

import { check, median, until } from '../lib/until.mjs';

const rounds = 5;
const tile = 'stage';

/** Shows another participant in the tile and returns the milliseconds from the view to its first picture. */
async function switchTo(viewer, identity, colour, old) {
  const start = await viewer.page.run(() => performance.now());
  await viewer.show(identity, { tile });
  const first = await until(`${viewer.identity} sees ${colour}`, async () => {
    const changes = await viewer.page.run((t) => window.watch.changes.filter((c) => c.at >= t), start);
    const wrong = changes.find((c) => c.tile === tile && c.colour === old);
    check(`no picture of the one before under the name of ${identity}`, wrong === undefined, changes);
    return changes.find((c) => c.tile === tile && c.colour === colour);
  }, 5000);
  await viewer.sees(identity, colour, { tile, frames: 2 });
  const { transcript } = await viewer.debug();
  const view = transcript.find((l) => l.way === '>' && l.at >= start - 1 && l.text.includes('"t":"view"'));
  return { view: first.at - view.at, call: first.at - start };
}

async function switchSlot(bench) {
  const server = await bench.server();
  const [viewer] = await Promise.all([
    bench.join(server, bench.chromium, { room: 'slots', identity: 'viewer', publish: [] }),
    bench.join(server, bench.chromium, { room: 'slots', identity: 'red', source: { colour: 'red' } }),
    bench.join(server, bench.chromium, { room: 'slots', identity: 'blue', source: { colour: 'blue' } }),
  ]);
  await viewer.show('red', { tile });
  await viewer.sees('red', 'red', { tile });
  await switchTo(viewer, 'blue', 'blue', 'red');
  await switchTo(viewer, 'red', 'red', 'blue');

  const offers = await viewer.call('count', '>', 'offer');
  const wanted = await viewer.call('count', '<', 'offer.wanted');
  const mids = new Set();
  const names = ['red', 'blue'];
  let shown = 0; // names[shown] is in the tile
  let fromCall = 0;
  await bench.bestFigure('slot switch, view to first frame', 200, async () => {
    const times = [];
    for (let i = 0; i < rounds; i++) {
      const old = names[shown];
      shown = 1 - shown;
      times.push(await switchTo(viewer, names[shown], names[shown], old));
      const { slots } = await viewer.debug();
      for (const s of slots) if (s.state !== 'idle' && s.source === 'camera') mids.add(s.mid);
    }
    fromCall = Math.round(median(times.map((t) => t.call)));
    return median(times.map((t) => t.view));
  });
  console.log(`     from the call of attach: ${fromCall} ms`);
  check('one slot showed both', mids.size === 1, [...mids]);
  check('no new offers', (await viewer.call('count', '>', 'offer')) === offers);
  check('no offers wanted', (await viewer.call('count', '<', 'offer.wanted')) === wanted);
}

export default [{ name: 'slot switch', run: switchSlot }];
