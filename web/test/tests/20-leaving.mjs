// Those who go disappear from the others' pages, however they go.

import { Chromium } from '../lib/chromium.mjs';
import { check, until } from '../lib/until.mjs';

const gone = (viewer, identity, ms) =>
  until(`${identity} disappears from ${viewer.identity}`, async () => {
    const others = await viewer.call('others');
    const tile = await viewer.tile(`${identity}-camera`);
    return others.every((o) => o.identity !== identity) && !tile.inSight;
  }, ms);

async function leaveAndKill(bench) {
  const server = await bench.server();
  const doomed = await Chromium.start();
  bench.after(() => doomed.kill());
  const [stays, leaves, killed] = await Promise.all([
    bench.join(server, bench.chromium, { room: 'leaving', identity: 'stays', source: { colour: 'red' } }),
    bench.join(server, bench.chromium, { room: 'leaving', identity: 'leaves', source: { colour: 'green' } }),
    bench.join(server, doomed, { room: 'leaving', identity: 'killed', source: { colour: 'blue' } }),
  ]);
  for (const p of [leaves, killed]) await stays.show(p.identity);
  await Promise.all([stays.sees('leaves', 'green'), stays.sees('killed', 'blue')]);

  await leaves.leave();
  await gone(stays, 'leaves', 2000);
  await stays.sees('killed', 'blue', { ms: 2000 });

  bench.forget(killed.page);
  await doomed.kill();
  await gone(stays, 'killed', 5000);
  check('the one who stays is still in the room', (await stays.debug()).state === 'joined');
}

export default [{ name: 'leave and kill', run: leaveAndKill }];
