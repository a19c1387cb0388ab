// A way to the viewer that is too slow for any picture: the page says so, the sound goes on, and all comes back.

import { at } from '../lib/apppage.mjs';
import { limitRate } from '../lib/network.mjs';
import { check, until } from '../lib/until.mjs';

const text = (viewer, testid) => viewer.page.run((s) => [...document.querySelectorAll(s)].filter((e) => !e.hidden).map((e) => e.textContent).join('|'), at(testid));

async function slow(bench) {
  const server = await bench.plainServer();
  const ada = await bench.open(server, bench.chromium, { room: 'slow', name: 'ada', source: { colour: 'red', detail: 0.3 } });
  await ada.prepare();
  await ada.join();
  // What is sent to her is next to nothing: only the viewer's way fills up.
  const bob = await bench.open(server, bench.chromium, { room: 'slow', name: 'bob', source: { colour: 'blue' } });
  await bob.prepare();
  await bob.join();
  await bob.sees('ada', 'red');
  await ada.click('camera');
  await until('bob sees that her camera is off', async () => (await bob.state('ada')) === 'paused');
  check('a camera that is off is no slow connection', (await text(bob, 'slow')) === '', await text(bob, 'slow'));
  await ada.click('camera');
  await bob.sees('ada', 'red');
  await bob.page.press('i');
  await until('the path is told', async () => /^(downlink|limited to) .*bit\/s/.test(await text(bob, 'network')), 10_000);
  await until('and what is granted', async () => /gets [qhf0-9]/.test(await text(bob, 'figures')), 10_000);
  await bob.page.screenshot('network-good');
  const end = await limitRate(12);
  try {
    await until('the page says that the connection is slow', async () => (await text(bob, 'slow')).includes('Paused: slow connection'), 30_000);
    await bob.hears(ada.tone);
    await until('the reason is shown', async () => /gets nothing/.test(await text(bob, 'figures')), 10_000);
    await bob.page.screenshot('network-slow');
  } finally {
    await end();
  }
  await until('the note is gone', async () => (await text(bob, 'slow')) === '', 30_000);
  await bob.sees('ada', 'red');
}

export default [{ name: 'page: a slow connection is told, and comes back', run: slow }];
