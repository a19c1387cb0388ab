// A browser of a load test: it joins on the server's own page by the SDK that the page lends to the console, publishes its
// camera, and looks at the other browsers only, as nobody can decode what synthetic participants send.

import { colours, defaultSource, installSource, numberBits } from './source.mjs';
import { until } from './until.mjs';
import { installWatch } from './watch.mjs';

const { width, height, fps } = defaultSource;

/** Runs in the page before its scripts: the join screen opens no devices. */
function stayOff() {
  localStorage.setItem('heliograph.prefs', JSON.stringify({ camera: false, microphone: false }));
}

/** Runs in the page: joins and shows these identities in tiles of this size. */
async function join({ room, identity, token, sees, size }) {
  const development = async () => {
    const body = JSON.stringify({ room, identity, name: identity });
    const answer = await fetch('/v1/dev/token', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    if (!answer.ok) throw new Error(`the server gives no development token: ${answer.status}`);
    return (await answer.json()).token;
  };
  const tiles = document.createElement('div');
  tiles.style.cssText = 'display: flex; flex-wrap: wrap';
  document.body.replaceChildren(tiles);
  const joined = await window.heliograph.connect({ url: location.origin, room, token: token || development, publish: { camera: true } });
  window.heliograph.room = joined;
  joined.on('publication', (publication, { identity: of }) => {
    if (publication.source !== 'camera' || !sees.includes(of)) return;
    const video = document.createElement('video');
    video.id = of;
    video.style.cssText = `width: ${size.width}px; height: ${size.height}px; display: block`;
    document.getElementById(of)?.remove(); // it publishes anew
    tiles.append(video);
    publication.attach(video);
  });
}

/** Runs in the page: what was counted until now of each picture, by the id of its element. */
async function count() {
  const inbound = await window.watch.stats(['inbound-rtp']);
  return Object.fromEntries(window.watch.videos().map((v) => {
    const s = inbound.find((i) => i.kind === 'video' && i.trackIdentifier === v.track) ?? {};
    return [v.tile, {
      ssrc: s.ssrc, at: performance.now(), colours: v.colours, stoodMs: v.stoodMs, ageMs: v.ageMs, width: v.width, height: v.height,
      decoded: s.framesDecoded ?? 0, dropped: s.framesDropped ?? 0, freezes: s.freezeCount ?? 0, frozen: s.totalFreezesDuration ?? 0,
      bytes: s.bytesReceived ?? 0, delay: s.jitterBufferDelay ?? 0, emitted: s.jitterBufferEmittedCount ?? 0,
    }];
  }));
}

const nothing = { colours: {}, decoded: 0, dropped: 0, freezes: 0, frozen: 0, bytes: 0, delay: 0, emitted: 0 };

/** The figures of one picture between two counts. One that did not come has no frame. */
function figures({ identity, colour }, before = nothing, after) {
  if (!after) return { of: identity, frames_decoded: 0, fps: 0, wrong_pictures: 0 };
  const from = before.ssrc === after.ssrc ? before : nothing; // another transport counts anew
  const seconds = (after.at - before.at) / 1000;
  const more = (name) => after[name] - from[name];
  const wrong = Object.entries(after.colours).filter(([c]) => c !== colour).reduce((sum, [, n]) => sum + n, 0);
  return {
    of: identity, frames_decoded: more('decoded'), fps: more('decoded') / seconds, frames_dropped: more('dropped'), freezes: more('freezes'),
    frozen_ms: more('frozen') * 1000, stood_ms: Math.max(after.stoodMs, after.ageMs), kbit_per_second: (more('bytes') * 8) / 1000 / seconds,
    jitter_buffer_ms: (more('delay') * 1000) / Math.max(1, more('emitted')), width: after.width, height: after.height, wrong_pictures: wrong,
  };
}

export class LoadPage {
  #page;
  #sees;
  #before = {};

  /** Opens the page of the server. */
  static async open(browser, { url, colour }) {
    const rgb = colours[colour];
    const source = { ...defaultSource, rgb, tone: null, bits: numberBits, screen: { width, height, tone: null, rgb } };
    const self = new LoadPage();
    self.#page = await browser.open({ init: [[installWatch, { palette: colours, bits: numberBits }], [installSource, source], [stayOff]] });
    await self.#page.goto(url);
    await until('the page of the server is loaded', () => self.#page.run(() => window.heliograph !== undefined));
    return self;
  }

  /** Joins. sees are the other browsers: {identity, colour}. */
  async join({ room, identity, token, sees }) {
    this.#sees = sees;
    const size = sees.length > 1 ? { width: width / 2, height: height / 2 } : { width, height };
    await this.#page.run(join, { room, identity, token, sees: sees.map((s) => s.identity), size });
  }

  /** Waits until a picture of each of the others was there. */
  seesAll(ms) {
    return until('the pictures of the other browsers', async () => {
      const shown = await this.#page.run(count);
      const missing = this.#sees.filter((s) => !(shown[s.identity]?.decoded > 0)).map((s) => s.identity);
      if (missing.length > 0) throw new Error(`none of ${missing.join(', ')}`);
      return true;
    }, ms, 200);
  }

  /** Begins the window of time. */
  async begin() {
    await this.#page.run(() => window.watch.restart());
    this.#before = await this.#page.run(count);
  }

  /** Ends the window: the figures of each of the others' pictures. */
  async end() {
    const after = await this.#page.run(count);
    return this.#sees.map((s) => figures(s, this.#before[s.identity], after[s.identity]));
  }
}
