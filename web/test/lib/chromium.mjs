// Chromium by playwright. Autoplay, ICE and loopback are as the browser comes.

import { chromium } from 'playwright-core';
import { Page } from './page.mjs';

const executable = '/usr/bin/chromium';

const flags = [
  '--no-sandbox', // its sandbox does not work for root
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--mute-audio',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  '--auto-select-tab-capture-source-by-title=Heliograph',
];

export class Chromium {
  name = 'chromium';
  /** The frequency of its microphone in Hz, if a test cannot choose it. */
  microphone = undefined;
  #server;
  #browser;

  static async start(more = []) {
    const self = new Chromium();
    self.#server = await chromium.launchServer({
      executablePath: executable, headless: true, args: [...flags, ...more], timeout: 30_000,
    });
    self.#browser = await chromium.connect(self.#server.wsEndpoint());
    return self;
  }

  /** Opens a page with storage of its own. init are [function, argument] pairs that run in the page before its scripts. */
  async open({ init = [], viewport = { width: 1024, height: 720 }, colorScheme = 'light' } = {}) {
    const context = await this.#browser.newContext({ viewport, colorScheme });
    for (const [script, argument] of init) await context.addInitScript(script, argument);
    const page = await context.newPage();
    return new Page(this, page, () => context.close());
  }

  /** Ends the browser as a crash does. */
  kill() {
    return this.#server.kill();
  }

  async close() {
    await this.#browser.close();
    await this.#server.close();
  }
}
