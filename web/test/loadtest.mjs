// The browsers of a load test: "sfu loadtest --browsers" starts it and talks to it in lines of JSON.
//
//   {"do":"open","browsers":[{id, kind, url, colour}]}               opens the page of the server in as many browsers
//   {"do":"join","browsers":[{id, room, identity, token, sees}]}     joins; sees are the others: {identity, colour}
//   {"do":"begin"}, {"do":"end"}                                     the window of time that is measured
//
// Each is answered by one line with "done" of the same name, "failures" of {id, error, started} and, at the end, "browsers" of {id, views}. The end
// of the input ends the browsers.

import { createInterface } from 'node:readline';
import { LoadPage } from './lib/loadpage.mjs';
import { within } from './lib/until.mjs';

const stepMs = 40_000;
const picturesMs = 15_000;
const closeMs = 5000;

const browsers = new Map(); // id: {browser, page}

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

async function start(kind) {
  if (kind === 'firefox') return (await import('./lib/firefox.mjs')).Firefox.start();
  return (await import('./lib/chromium.mjs')).Chromium.start();
}

async function open({ id, kind, url, colour }) {
  const browser = await start(kind);
  const it = { browser };
  browsers.set(id, it);
  it.page = await LoadPage.open(browser, { url, colour });
}

/** Does something with each of these, and says what failed. */
async function each(list, act) {
  const failures = [];
  await Promise.all(list.map(async (b) => {
    try {
      await within('the browser', stepMs, act(b));
    } catch (e) {
      failures.push({ id: b.id, error: e.message.split('\n')[0], started: browsers.has(b.id) });
    }
  }));
  return failures;
}

const pages = () => [...browsers].filter(([, b]) => b.page).map(([id, b]) => ({ id, page: b.page }));

const commands = {
  open: async ({ browsers: list }) => ({ failures: await each(list, open) }),

  async join({ browsers: list }) {
    const failures = await each(list, (b) => browsers.get(b.id).page.join(b));
    const joined = list.filter((b) => failures.every((f) => f.id !== b.id));
    const blind = await each(joined, (b) => browsers.get(b.id).page.seesAll(picturesMs));
    return { failures, blind };
  },

  begin: async () => ({ failures: await each(pages(), (b) => b.page.begin()) }),

  async end() {
    const all = [];
    const failures = await each(pages(), async ({ id, page }) => all.push({ id, views: await page.end() }));
    return { failures, browsers: all.sort((a, b) => a.id - b.id) };
  },
};

/** Ends the browsers. Those that do not end in time, or only start now, are killed when this process exits. */
async function close() {
  const all = [...browsers.values()].map((b) => b.browser.close());
  await within('closing', closeMs, Promise.allSettled(all)).catch(() => undefined);
  process.exit(0);
}

const input = createInterface({ input: process.stdin });
input.on('line', async (line) => {
  const command = JSON.parse(line);
  say({ done: command.do, ...(await commands[command.do](command)) });
});
input.on('close', close);
