// A participant that a test scripts: the SDK in the page of page/, in a real browser.

import { Site } from './site.mjs';
import { until } from './until.mjs';
import { scripts, Viewer } from './viewer.mjs';

export class Participant extends Viewer {
  /** Opens the page and joins the room with what publish says: a list of sources, or the option of connect. init is for
   * the browser's open. */
  static async join(server, browser, { room, identity, source = {}, publish = ['camera', 'microphone'], viewport, init = [], ...options }) {
    const page = await browser.open({ init: [...scripts(browser, source), ...init], viewport });
    const self = new Participant(page, identity, source);
    const token = await server.token(room, identity);
    const wanted = Array.isArray(publish) ? Object.fromEntries(publish.map((s) => [s, true])) : publish;
    await page.goto(Site.url);
    await until('the test page is loaded', () => page.run(() => window.test !== undefined));
    await page.click('#start');
    await page.run((o) => window.test.join(o), { url: server.url, token, publish: wanted, ...options });
    return self;
  }

  /** Runs a function of the page by its name. */
  call(name, ...parameters) {
    return this.page.run(([n, p]) => window.test[n](...p), [name, parameters]);
  }

  /** Shows another participant in a tile; waits until its publication is known. */
  async show(identity, options = {}) {
    await until(`${this.identity} knows the ${options.source ?? 'camera'} of ${identity}`, () =>
      this.call('show', { identity, ...options }));
  }

  leave() {
    return this.page.run(() => window.room.leave());
  }

  debug() {
    return this.page.run(() => window.room.debug());
  }
}
