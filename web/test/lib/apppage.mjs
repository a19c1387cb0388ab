// The conference page as a user has it: by its buttons and fields.

import { until } from './until.mjs';
import { scripts, Viewer } from './viewer.mjs';

export const at = (testid) => `[data-testid="${testid}"]`;

export class AppPage extends Viewer {
  /** Opens the link to a room. Without a source the browser's fake devices are used. */
  static async open(server, browser, { room, name, source, token, ...options }) {
    const page = await browser.open({ init: scripts(browser, source), ...options });
    const self = new AppPage(page, name, source);
    await page.goto(`${server.url}/r/${room}${token ? `#token=${token}` : ''}`);
    await until('the join screen is there', () => page.has(at('join-screen')));
    return self;
  }

  /** Fills in the form and waits until the preview shows the camera. */
  async prepare() {
    await this.page.fill(at('name'), this.identity);
    await until('the preview shows the camera', async () => {
      const videos = await this.page.run(() => window.watch.videos());
      return videos.some((v) => v.frames > 0);
    });
  }

  /** Clicks the button that joins and waits for the call. */
  async join() {
    await this.click('join');
    await until(`${this.identity} is in the call`, () => this.page.has(at('call-screen')), 10_000, 30);
  }

  /** The page names tiles by identities, which begin with the name and go on with something random. */
  isTile(pageName, name) {
    const [identity, source] = name.split(/-(?=[a-z_]+$)/);
    return pageName.startsWith(`${identity}-`) && pageName.endsWith(`-${source}`);
  }

  click(testid) {
    return this.page.click(at(testid));
  }

  text(testid) {
    return this.page.text(at(testid));
  }

  /** The names on the tiles of others that are shown. */
  others() {
    return this.page.run(() =>
      [...document.querySelectorAll('[data-testid="tile"][data-source="camera"]:not(.self)')]
        .filter((t) => !t.hidden)
        .map((t) => t.querySelector('.face-name').textContent));
  }

  /** The state that the tile of a participant says it has: live, paused, switching, idle or none. */
  state(identity, source = 'camera') {
    return this.page.run(([i, s]) =>
      document.querySelector(`[data-testid="tile"][data-identity^="${i}-"][data-source="${s}"]`)?.dataset.state, [identity, source]);
  }

  debug() {
    return this.page.run(() => window.heliograph.room.debug());
  }
}
