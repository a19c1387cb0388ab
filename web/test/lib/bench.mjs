// What a test gets: browsers that are shared, and servers and pages of its own, which are taken away after it.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { AppPage } from './apppage.mjs';
import { Chromium } from './chromium.mjs';
import { Firefox } from './firefox.mjs';
import { Link } from './link.mjs';
import { Participant } from './participant.mjs';
import { Server } from './server.mjs';
import { Site } from './site.mjs';

const output = path.join(import.meta.dirname, '..', 'output');
const measureMs = 25_000; // no further series is begun after this time
const linkPort = 7801;
const makers = { chromium: Chromium, firefox: Firefox };

export class Bench {
  #binary;
  #browsers = new Map();
  #pages = [];
  #servers = [];
  #afters = [];
  #links = 0;
  /** Figures of all tests: {id, goal, value, unit, pass}. */
  figures = [];

  constructor(binary) {
    this.#binary = binary;
  }

  /** A browser by its name; started when it is first asked for. */
  async browser(name) {
    let browser = this.#browsers.get(name);
    if (!browser) this.#browsers.set(name, (browser = makers[name].start()));
    return browser;
  }

  get chromium() {
    return this.browser('chromium');
  }

  get firefox() {
    return this.browser('firefox');
  }

  /** A server of this test. */
  async server(options = {}) {
    const flags = ['--allowed-origin', Site.url, ...(options.flags ?? [])];
    const server = await Server.start({ ...options, flags, binary: this.#binary });
    this.#servers.push(server);
    return server;
  }

  /** A server of this test with nothing configured. */
  async plainServer() {
    const server = await Server.startPlain(this.#binary);
    this.#servers.push(server);
    return server;
  }

  /** A participant with the test page: see Participant.join. */
  async join(server, browser, options) {
    const participant = await Participant.join(server, await browser, options);
    this.#pages.push(participant.page);
    return participant;
  }

  /** A bad network for one viewer, perfect until it gets an order: see Link. */
  async link() {
    const link = await Link.start(linkPort + this.#links++);
    this.after(() => link.stop());
    return link;
  }

  /** The conference page at the link of a room: see AppPage.open. */
  async open(server, browser, options) {
    const app = await AppPage.open(server, await browser, options);
    this.#pages.push(app.page);
    return app;
  }

  /** Does not close this page any more: it is gone, or soon will be. */
  forget(page) {
    this.#pages = this.#pages.filter((p) => p !== page);
  }

  /** Closes a page before the test ends. */
  async close(page) {
    this.forget(page);
    await page.close();
  }

  /** Does this after the test, the latest first. */
  after(act) {
    this.#afters.unshift(act);
  }

  /** Notes a figure and holds it to its goal, which is the most that it may be. */
  figure(id, value, goal, unit = 'ms') {
    const figure = { id, goal, value: Math.round(value), unit, pass: value <= goal };
    this.figures.push(figure);
    console.log(JSON.stringify(figure));
    if (!figure.pass) throw new Error(`${id} is ${figure.value} ${unit}, at most ${goal} are allowed`);
  }

  /** Notes the best of up to three figures that measure gives. Other work on the machine only makes a figure worse: one
   * that reaches its goal shows that the product does, and a product that does not never will. */
  async bestFigure(id, goal, measure) {
    const end = Date.now() + measureMs;
    let best = Infinity;
    for (let i = 0; i < 3 && best > goal && Date.now() < end; i++) {
      const value = await measure();
      if (value > goal) console.log(`     ${id}: ${Math.round(value)} ms, at most ${goal} are allowed; once more`);
      best = Math.min(best, value);
    }
    this.figure(id, best, goal);
  }

  /** Ends what the test began. A server that does not end cleanly fails the test. */
  async clean() {
    const problems = [];
    const attempt = async (act) => {
      try {
        await act();
      } catch (e) {
        problems.push(e);
      }
    };
    for (const act of this.#afters.splice(0)) await attempt(act);
    await Promise.all(this.#pages.splice(0).map((p) => attempt(() => p.close())));
    for (const server of this.#servers.splice(0)) await attempt(() => server.stop());
    if (problems.length > 0) throw problems[0];
  }

  /** Keeps what may explain a failure as test output: the log, the pages and what the SDK tells. */
  async explain(name) {
    await mkdir(output, { recursive: true });
    const parts = this.#servers.map((s) => `== server\n${s.log}`);
    for (const [i, page] of this.#pages.entries()) {
      parts.push(`== page ${i} in ${page.browser.name}\n${page.errors.join('\n')}`);
      await page.screenshot(`failed-${name}-${i}`).catch(() => undefined);
      const state = await page.run(debug).catch((e) => String(e));
      parts.push(typeof state === 'string' ? state : JSON.stringify(state, null, 1));
    }
    await writeFile(path.join(output, `failed-${name}.txt`), parts.join('\n'));
  }

  /** Ends a browser that may hang; the next test gets a new one. */
  async abandonBrowsers() {
    for (const browser of this.#browsers.values()) await browser.then((b) => b.kill()).catch(() => undefined);
    this.#browsers.clear();
  }

  /** Ends the browsers. */
  async end() {
    for (const browser of this.#browsers.values()) await browser.then((b) => b.close()).catch(() => undefined);
    this.#browsers.clear();
  }
}

/** Runs in a page. */
async function debug() {
  const room = window.room ?? window.heliograph?.room;
  return { videos: window.watch?.videos(), test: window.test?.problems(), room: await room?.debug?.() };
}
