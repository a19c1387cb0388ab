// Firefox by puppeteer over WebDriver BiDi. Its ICE settings and its autoplay settings are as they come: it tells no
// address of the machine, and never uses a loopback address.

import puppeteer from 'puppeteer-core';
import { Page } from './page.mjs';

const executable = '/usr/bin/firefox-esr';

/** The frequency of the fake microphone in Hz. Firefox runs no AudioContext on a machine without an audio device, so the
 * tests cannot make another one there. */
const tone = 1000;

const preferences = {
  'media.navigator.audio.fake_frequency': tone,
  'media.navigator.streams.fake': true, // a camera and a microphone that every machine has
  'media.navigator.permission.disabled': true, // nobody is there to click "allow"
  // Nothing is to be fetched from elsewhere while tests run.
  'media.gmp-manager.updateEnabled': false,
  'media.gmp-gmpopenh264.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'app.normandy.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.enabled': false,
  'browser.safebrowsing.downloads.remote.enabled': false,
};

export class Firefox {
  name = 'firefox';
  microphone = tone;
  #browser;

  static async start() {
    const self = new Firefox();
    self.#browser = await puppeteer.launch({
      browser: 'firefox', executablePath: executable, headless: true, timeout: 60_000, extraPrefsFirefox: preferences,
    });
    return self;
  }

  /** Opens a page with storage of its own, as Chromium's open does. Open one at a time: Firefox slows pages that are
   * behind another one down. */
  async open({ init = [], viewport = { width: 1024, height: 720 } } = {}) {
    const context = await this.#browser.createBrowserContext();
    const page = await context.newPage();
    await page.setViewport(viewport);
    for (const [script, argument] of init) await page.evaluateOnNewDocument(script, argument);
    return new Page(this, page, () => context.close());
  }

  kill() {
    this.#browser.process()?.kill('SIGKILL');
  }

  async close() {
    await this.#browser.close();
  }
}
