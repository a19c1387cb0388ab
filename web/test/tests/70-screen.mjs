// Sharing a screen with its sound, by the button: large on the others' stage, and in step.

import { check, until } from '../lib/until.mjs';
import { not } from '../lib/viewer.mjs';

async function screen(bench) {
  const server = await bench.plainServer();
  const [ada, bob] = await Promise.all([
    bench.open(server, bench.chromium, { room: 'screen', name: 'ada', source: { colour: 'red', screen: { colour: 'white', tone: 1500 } } }),
    bench.open(server, bench.chromium, { room: 'screen', name: 'bob', source: { colour: 'blue', tone: 700 } }),
  ]);
  await Promise.all([ada.prepare(), bob.prepare()]);
  await Promise.all([ada.join(), bob.join()]);
  await bob.sees('ada', 'red');

  await ada.click('screen');
  const shown = await bob.sees('ada', 'white', { source: 'screen', ms: 15_000 });
  const face = await bob.tile('ada-camera');
  const area = (t) => t.shown.width * t.shown.height;
  check('the screen is larger than the face beside it', area(shown) > 4 * area(face), [shown.shown, face.shown]);
  await Promise.all([bob.hears(1500), bob.sees('ada', 'red')]);
  await oneStream(bob);
  await Promise.all([bob.hears(1500), bob.sees('ada', 'white', { source: 'screen' })]);
  const wanted = (await bob.debug()).transcript.filter((l) => l.text.includes('"t":"offer.wanted"'));
  check('the m-lines of the pair were asked for once', wanted.length === 1, wanted);

  await ada.click('screen');
  await until('the screen is gone', async () => (await bob.state('ada', 'screen')) === undefined);
  await bob.sees('ada', 'red');
}

/** The picture and the sound of the screen are on m-lines of one stream id, which is what browsers keep in step. */
async function oneStream(viewer) {
  const streams = async () => {
    const { slots } = await viewer.debug();
    const [{ remote }] = await viewer.descriptions();
    return ['screen', 'screen_audio'].map((source) => {
      const mid = slots.find((s) => s.source === source && s.state === 'live')?.mid;
      const section = remote.split('\r\nm=').find((s) => s.includes(`\r\na=mid:${mid}\r\n`));
      return section?.match(/\r\na=msid:(\S+)/)?.[1];
    });
  };
  await until('screen and its sound are in slots of one stream', async () => {
    const [picture, sound] = await streams();
    return (picture !== undefined && picture === sound) || not([picture, sound]);
  }, 5000);
}

/** The browser's own capture of a tab, as far as a browser without a display has one. */
async function realCapture(bench) {
  const server = await bench.plainServer();
  const [ada, bob] = await Promise.all(['ada', 'bob'].map((name) => bench.open(server, bench.chromium, { room: 'tab', name })));
  await Promise.all([ada.prepare(), bob.prepare()]);
  await Promise.all([ada.join(), bob.join()]);
  await ada.click('screen');
  await bob.sees('ada', undefined, { source: 'screen', ms: 15_000, frames: 2 });
}

export default [
  { name: 'screen share with sound', run: screen },
  { name: 'screen share of a real tab', run: realCapture },
];
