// What goes wrong is said on the page, in words, and can be mended there.

import { at } from '../lib/apppage.mjs';
import { check, until } from '../lib/until.mjs';

/** Opens the room with this token, clicks, and returns what the page says. */
async function refused(bench, server, token) {
  const app = await bench.open(server, bench.chromium, { room: 'guarded', name: 'mallory', source: {}, token });
  await app.prepare();
  await app.click('join');
  const problem = at('problem');
  await until('the page says what is wrong', () =>
    app.page.run((s) => document.querySelector(s)?.checkVisibility() && document.querySelector(s).textContent !== '', problem));
  check('the page did not let the call begin', !(await app.page.has(at('call-screen'))));
  return { app, text: await app.page.text(problem) };
}

async function badTokens(bench) {
  const server = await bench.server();
  const there = await bench.join(server, bench.chromium, { room: 'guarded', identity: 'there', source: { colour: 'red' } });
  const good = await server.token('guarded', 'mallory');
  const [head, body, signature] = good.split('.');
  const flipped = signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
  const cases = {
    none: [undefined, /token/i],
    garbage: ['not-a-token', /token/i],
    forged: [[head, body, flipped].join('.'), /not made by this server|refused/i],
    'for another room': [await server.token('elsewhere', 'mallory'), /another room/i],
  };
  for (const [name, [token, expected]] of Object.entries(cases)) {
    const { app, text } = await refused(bench, server, token);
    check(`${name}: the page says it in words`, expected.test(text), text);
    await bench.close(app.page);
  }
  check('nobody inside has noticed', (await there.call('others')).length === 0 && (await there.call('problems')).length === 0);
}

/** The user pastes a good token after a bad one and is in. */
async function mended(bench) {
  const server = await bench.server();
  const { app } = await refused(bench, server, 'not-a-token');
  await app.page.fill(at('token'), await server.token('guarded', 'mallory'));
  await app.join();
}

export default [
  { name: 'bad tokens', run: badTokens },
  { name: 'a bad token is replaced', run: mended },
];
