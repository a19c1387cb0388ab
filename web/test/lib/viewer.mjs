// What every page with a call can be asked: what it shows, what it sounds, and how the media comes.

import { colours, defaultSource, installSource, numberBits } from './source.mjs';
import { check, until } from './until.mjs';
import { installWatch } from './watch.mjs';

const fresh = 500; // ms: an older frame is no moving picture

/** The scripts that run in every page before its own. Without a source the browser's fake devices are used. */
export function scripts(browser, source) {
  const init = [[installWatch, { palette: colours, bits: numberBits }]];
  if (!source) return init;
  const s = { ...defaultSource, ...source };
  const screen = { width: 1280, height: 720, tone: 1500, ...s.screen, rgb: colours[s.screen?.colour ?? 'white'] };
  if (browser.microphone) s.tone = screen.tone = null;
  init.push([installSource, { ...s, rgb: colours[s.colour], bits: numberBits, screen }]);
  return init;
}

export class Viewer {
  constructor(page, identity, source) {
    this.page = page;
    this.identity = identity;
    this.colour = source?.colour ?? defaultSource.colour;
    this.tone = page.browser.microphone ?? source?.tone ?? defaultSource.tone;
  }

  /** What the tile of this name shows now; its name is "identity-source". */
  async tile(name) {
    const videos = await this.page.run(() => window.watch.videos());
    return videos.find((v) => this.isTile(v.tile, name));
  }

  /** Whether the page's name of a tile is the one that a test means. */
  isTile(pageName, name) {
    return pageName === name;
  }

  /** Waits until a tile shows this colour (any picture that is not black, if undefined) in decoded frames that grow in
   * number and change, and returns what it shows. */
  async sees(identity, colour, { source = 'camera', tile = `${identity}-${source}`, ms = 10_000, frames = 5 } = {}) {
    const what = `${this.identity} sees ${colour ?? 'a picture'} in ${tile}`;
    const right = (t) => (colour ? t.colour === colour : t.colour !== 'black' && t.colour !== '');
    const first = await until(what, async () => {
      const t = await this.tile(tile);
      return t?.inSight && right(t) && t.ageMs < fresh ? t : not(t);
    }, ms);
    return until(`${what}, moving`, async () => {
      const t = await this.tile(tile);
      check(`${what}: another picture or none came`, t?.inSight && right(t), t);
      return t.frames >= first.frames + frames && (colour ? t.number !== first.number : t.print !== first.print) ? t : not(t);
    }, ms);
  }

  /** Waits until a tile shows no picture any more. */
  seesNothing(name, ms = 5000) {
    return until(`${this.identity} sees nothing in ${name}`, async () => {
      const t = await this.tile(name);
      return !t?.inSight || not(t);
    }, ms);
  }

  /** Waits until a sound is heard: a remote track is loud and its tone is the right one, where this browser can tell. Any
   * tone will do if it is undefined. */
  hears(tone, ms = 10_000) {
    return until(`${this.identity} hears ${tone ?? 'a sound'}`, async () => {
      const sounds = await this.sounds();
      const right = (s) => tone === undefined || s.tone === null || Math.abs(s.tone - tone) < 40;
      return sounds.find((s) => s.level > 0.01 && right(s)) ?? not(sounds);
    }, ms, 200);
  }

  /** Waits until all is silent. */
  hearsNothing(ms = 5000) {
    return until(`${this.identity} hears nothing`, async () => {
      const sounds = await this.sounds();
      return sounds.every((s) => s.level < 0.001) || not(sounds);
    }, ms, 300);
  }

  /** The level since the last call and the tone of each remote audio track. */
  sounds() {
    return this.page.run(() => window.watch.sounds());
  }

  /** Statistics of these types. */
  stats(...types) {
    return this.page.run((t) => window.watch.stats(t), types);
  }

  /** The selected candidate pairs. */
  path() {
    return this.page.run(() => window.watch.path());
  }

  /** The session descriptions of its open transports. */
  descriptions() {
    return this.page.run(() => window.watch.descriptions());
  }
}

/** An answer of until that is not yet the right one, kept for its message. */
export function not(value) {
  throw new Error(JSON.stringify(value) ?? 'nothing');
}
