// The product's main job on the page that a user has: two browsers meet by clicking, see and hear each other, mute and
// unmute; a third comes late.

import { check, median, until } from '../lib/until.mjs';

const rounds = 3;

/** Milliseconds that a bare call takes on a machine that the levels of joining are meant for. They are longer in proportion on a slower one. */
const usualCall = 200;

/** Both open the link, fill in the form and click. */
async function meet(bench, server, sources) {
  const [ada, bob] = await Promise.all([
    bench.open(server, bench.chromium, { room: 'call', name: 'ada', source: sources?.[0] }),
    bench.open(server, bench.firefox, { room: 'call', name: 'bob', source: sources?.[1] }),
  ]);
  await Promise.all([ada.prepare(), bob.prepare()]);
  await Promise.all([ada.join(), bob.join()]);
  return [ada, bob];
}

function noErrors(...viewers) {
  for (const v of viewers) check(`the page of ${v.identity} has no errors`, v.page.errors.length === 0, v.page.errors);
}

async function fakeDevices(bench) {
  const server = await bench.plainServer();
  const [ada, bob] = await meet(bench, server);
  await Promise.all([ada.sees('bob'), bob.sees('ada'), ada.hears(), bob.hears()]);
  noErrors(ada, bob);
}

/** One mutes by clicking and comes back; the other sees and hears it. */
async function muteAndUnmute(one, other) {
  await one.click('mic');
  await other.hearsNothing();
  await one.click('mic');
  await other.hears(one.tone);

  await one.click('camera');
  await other.seesNothing(`${one.identity}-camera`);
  await until(`the tile of ${one.identity} says that the camera is off`, async () => (await other.state(one.identity)) === 'paused');
  await one.click('camera');
  await other.sees(one.identity, one.colour);
}

async function known(bench) {
  const server = await bench.plainServer();
  const [ada, bob] = await meet(bench, server, [{ colour: 'red', tone: 500 }, { colour: 'blue' }]);
  await Promise.all([ada.sees('bob', 'blue'), bob.sees('ada', 'red'), ada.hears(bob.tone), bob.hears(ada.tone)]);
  await muteAndUnmute(ada, bob);
  await muteAndUnmute(bob, ada);
  noErrors(ada, bob);
}

/** Runs in a page: milliseconds that a call takes there which nobody forwards, from one connection of the page to another, up to the first
 * frame. It costs what any join costs the browser, on this machine and beside what else runs on it. */
async function bareCall() {
  const began = performance.now();
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const [from, to] = [new RTCPeerConnection(), new RTCPeerConnection()];
  from.onicecandidate = (e) => to.addIceCandidate(e.candidate ?? undefined);
  to.onicecandidate = (e) => from.addIceCandidate(e.candidate ?? undefined);
  const video = document.createElement('video');
  video.muted = true;
  const first = new Promise((resolve) => {
    to.ontrack = (e) => {
      if (e.track.kind !== 'video') return;
      video.srcObject = new MediaStream([e.track]);
      video.requestVideoFrameCallback(resolve);
      void video.play();
    };
  });
  for (const track of media.getTracks()) from.addTrack(track, media);
  await from.setLocalDescription();
  await to.setRemoteDescription(from.localDescription);
  await to.setLocalDescription();
  await from.setRemoteDescription(to.localDescription);
  await first;
  const took = performance.now() - began;
  for (const track of media.getTracks()) track.stop();
  from.close();
  to.close();
  return took;
}

/** Milliseconds from the click that joins to the first frame of somebody else, and those of two bare calls before it. */
async function joinTime(bench, server) {
  const eve = await bench.open(server, bench.chromium, { room: 'late', name: 'eve', source: { colour: 'cyan', tone: 900 } });
  await eve.prepare();
  const bare = [await eve.page.run(bareCall), await eve.page.run(bareCall)];
  await eve.join();
  await Promise.all([eve.sees('red', 'red'), eve.sees('blue', 'blue')]);
  const [clicks, changes] = await eve.page.run(() => [window.watch.clicks, window.watch.changes]);
  const first = (colour) => changes.find((c) => c.colour === colour).at - clicks.at(-1);
  await bench.close(eve.page);
  return { bare, one: Math.min(first('red'), first('blue')), all: Math.max(first('red'), first('blue')) };
}

async function late(bench) {
  const server = await bench.server({ flags: ['--dev'] });
  const there = await Promise.all(['red', 'blue'].map((colour) =>
    bench.join(server, bench.chromium, { room: 'late', identity: `${colour}-0`, source: { colour } })));
  for (const p of there) await until('they are in the room', async () => (await p.call('others')).length === 1);
  let of;
  await bench.bestFigure('join, click to first remote frame', 700, async () => {
    const times = [];
    for (let i = 0; i < rounds; i++) times.push(await joinTime(bench, server));
    const slower = Math.max(1, median(times.flatMap((t) => t.bare)) / usualCall);
    of = (what) => median(times.map((t) => t[what])) / slower;
    console.log(`     joins: ${times.map((t) => `${Math.round(t.one)}/${Math.round(t.all)}`).join(' ')} ms to the first/last of two pictures; ` +
      `bare calls ${times.flatMap((t) => t.bare).map(Math.round).join(' ')} ms: taken as ${slower.toFixed(2)} times as slow as usual`);
    return of('one');
  });
  bench.figure('late join, click to the pictures of all', of('all'), 1000);
}

export default [
  { name: 'call by clicking, fake devices', run: fakeDevices },
  { name: 'call by clicking, mute and unmute', run: known },
  { name: 'late join', run: late },
];
