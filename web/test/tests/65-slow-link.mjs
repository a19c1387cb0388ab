// Bad networks between the server and viewers in real browsers: what congestion control does for them. Each viewer has a
// link of its own, and whatever the server sends it goes over that.
//
// What is printed against the levels are figures. What makes a test fail is looser where a busy machine decides, too: it
// stops encoders, browsers and the link for a while, which looks like a bad network. By how much the link was late tells how
// busy it was; above some 20 ms only the sound is held to anything, and that the lowest layer is all that 200 kbit/s carry.

import { Meter } from '../lib/meter.mjs';
import { check, pause, until } from '../lib/until.mjs';

const top = 1280;
const camera = { width: 1280, height: 720, fps: 10, colour: 'green', detail: 0.35 };
const topRate = 2e6;
const browsers = ['chromium', 'firefox'];
const delay_ms = 50; // one way, both ways
const roomy = { delay_ms, queue: 1 << 20, steps: [{ after: 0, rate: 100e6 }] }; // a link that only delays

/** The levels: what should be reached. */
const levels = { gapMs: 2000, lossGapMs: 1000, backMs: 10_000, audio: 0.5 };

/** A call with a viewer in each browser who sees the top layer over a link that is good until now. */
async function call(bench) {
  const server = await bench.server();
  await bench.join(server, bench.chromium, {
    room: 'link', identity: 'publisher', publish: { camera: { maxBitrate: topRate }, microphone: true }, source: camera,
  });
  return Promise.all(browsers.map(async (name) => {
    const link = await bench.link();
    link.order(roomy);
    const viewer = await bench.join(server, bench.browser(name), { room: 'link', identity: name, publish: [], init: link.init });
    await viewer.show('publisher', { width: top, height: 720 });
    const meter = await Meter.start(viewer);
    await viewer.sees('publisher', camera.colour, { ms: 15_000, frames: 2 });
    await until(`${name} sees the top layer`, async () => (await viewer.tile('publisher-camera')).width === top, 20_000);
    return { name, link, viewer, meter };
  }));
}

/** Gives all links an order, lets time pass, and returns what was measured since. */
async function play(viewers, title, seconds, orders) {
  const start = Date.now();
  const before = await Promise.all(viewers.map((v) => v.link.report()));
  for (const v of viewers) for (const o of orders) v.link.order(o);
  await pause(seconds * 1000);
  return Promise.all(viewers.map(async (v, i) => {
    const all = await v.meter.read();
    await v.link.keep(`${title.replace(/\W+/g, '-')}-${v.name}`, `${title}, ${v.name}`, start - 2000, all.received);
    const samples = v.link.samples.filter((s) => s.at >= start && s.dir === 'down');
    return { ...v, start, all, record: all.between(start, Infinity), samples, audio: audioOf(before[i], await v.link.report()) };
  }));
}

/** What the link did to the source of sound since a report: {packets, lost at random, full: no room in the queue}. */
function audioOf(before, after) {
  const sum = (report, name) => report.filter((s) => s.dir === 'down' && isAudio(s.pt)).reduce((n, s) => n + s[name], 0);
  return Object.fromEntries(['packets', 'lost', 'full'].map((name) => [name, sum(after, name) - sum(before, name)]));
}

/** The payload types that Chromium and Firefox give Opus. */
const isAudio = (type) => type === 111 || type === 109;

/** The share of sound that was lost to the queue of the link, and beyond what it lost at random, in percent. */
function audioLoss({ audio, record }) {
  const share = (n) => (100 * Math.max(0, n)) / Math.max(1, audio.packets);
  return { dropped: share(audio.full), beyond: share(record.growth('audioLost') - audio.lost) };
}

const busyMs = 20;

/** By how much the link emulator was late, but for the worst twentieth of the time, in ms. */
function lateness({ samples }) {
  const late = samples.map((s) => s.late_ms).sort((a, b) => a - b);
  return late[Math.floor(late.length * 0.95)] ?? 0;
}

/** Holds what depends on the machine, too, unless that was too busy. */
function hold(v, what, ok, value) {
  if (!ok && lateness(v) > busyMs) console.log(`     ${v.name}: not ${what}, but the machine was busy with other things`);
  else check(`${v.name}: ${what}`, ok, value);
}

/** One line of figures of one browser; ! marks those that miss their level. */
function tell(what, v, figures) {
  const { name, record } = v;
  const shown = figures.map(([label, value, unit, level]) =>
    `${label} ${value === undefined ? 'never' : value.toFixed(value < 10 ? 2 : 0)}${unit}${level !== undefined && !(value <= level) ? ` ! (level ${level})` : ''}`);
  const more = [
    `received ${(record.rate / 1000).toFixed(0)} kbit/s`, `decoded ${record.growth('decoded')}`, `freezes ${record.growth('freezes')}`,
    `frozen ${record.growth('frozen').toFixed(2)} s`, `concealed ${record.concealed.toFixed(2)} %`,
    `the link was late by ${lateness(v).toFixed(0)} ms (p95)`,
  ];
  console.log(`     ${what}, ${name}: ${[...shown, ...more].join('; ')}`);
}

/** The share of the capacity that was used between two times, in percent. */
function used(samples, from, to) {
  const some = samples.filter((s) => s.at >= from && s.at < to);
  const sum = (name) => some.reduce((n, s) => n + s[name], 0);
  return (100 * sum('out')) / Math.max(1, sum('rate'));
}

const good = { at: 0, rate: 3e6 };
const low = { at: 4, rate: 8e5 };
const again = { at: 13, rate: 3e6 };
const end = 25;

async function steps(bench) {
  const steps = [good, low, again].map(({ at, rate }) => ({ after: at, rate }));
  const all = await play(await call(bench), 'slow link, rate steps', end, [{ delay_ms, queue: 75_000, steps }]);
  for (const v of all) {
    const at = (step) => v.start + step.at * 1000;
    const fell = v.record.between(at(low), at(again));
    const rose = v.record.between(at(again), Infinity);
    const top1 = rose.samples.find((s) => s.width === top);
    const back = top1 && top1.at - at(again);
    const { dropped } = audioLoss(v);
    const longest = Math.max(...v.samples.map((s) => s.queue_ms));
    const drained = v.samples.filter((s) => s.at >= at(low) && s.at < at(again) && s.queue_ms > 150).at(-1)?.at ?? at(low);
    tell('3, 0.8, 3 Mbit/s', v, [
      ['longest gap after the fall', fell.longestGap, ' ms', levels.gapMs], ['top layer back', back, ' ms', levels.backMs],
      ['sound dropped', dropped, ' %', levels.audio], ['longest queue', longest, ' ms'], ['queue gone', drained - at(low), ' ms'],
      ['used of 0.8', used(v.samples, at(low) + 3000, at(again)), ' %'], ['of 3', used(v.samples, at(again) + 5000, Infinity), ' %'],
    ]);
    check(`${v.name}: sound is not lost to video`, dropped <= 2 * levels.audio, v.audio);
    hold(v, 'the queue is drained after the fall', drained - at(low) < 6000, drained - at(low));
    hold(v, 'the picture goes on after the fall', fell.longestGap <= 2.5 * levels.gapMs, fell.gaps);
    hold(v, 'more is used again after the rise', rose.samples.at(-1).width > 320, rose.samples.at(-1));
  }
}

async function lossy(bench) {
  const all = await play(await call(bench), 'slow link, 5 % loss', 10, [{ ...roomy, loss: 0.05 }]);
  for (const v of all) {
    const { beyond } = audioLoss(v);
    tell('5 % loss', v, [['longest gap', v.record.longestGap, ' ms', levels.lossGapMs], ['sound lost beyond it', beyond, ' %', levels.audio]]);
    check(`${v.name}: packets are lost`, v.audio.lost > 0, v.audio);
    check(`${v.name}: sound is lost to the link only`, beyond <= 2 * levels.audio, v.audio);
    hold(v, 'no long freeze', v.record.longestGap <= 3 * levels.lossGapMs, v.record.gaps);
    hold(v, 'losses without a queue do not take the picture away', v.record.samples.at(-1).width > 320, v.record.samples.at(-1));
  }
}

async function narrow(bench) {
  const settleMs = 5000;
  const viewers = await call(bench);
  await play(viewers, 'slow link, 200 kbit-s, fall', settleMs / 1000, [{ delay_ms, queue: 20_000, steps: [{ after: 0, rate: 2e5 }] }]);
  for (const v of await play(viewers, 'slow link, 200 kbit-s', 8, [])) {
    const { dropped } = audioLoss(v);
    const { width } = v.record.samples.at(-1);
    tell('200 kbit/s', v, [
      ['sound dropped', dropped, ' %', levels.audio], ['width', width, ''], ['used', used(v.samples, v.start, Infinity), ' %'],
      ['longest queue', Math.max(...v.samples.map((s) => s.queue_ms)), ' ms'], ['longest gap', v.record.longestGap, ' ms'],
    ]);
    check(`${v.name}: sound is not lost to video`, dropped <= 2 * levels.audio, v.audio);
    check(`${v.name}: the lowest layer or none`, width <= 320 || v.record.growth('decoded') <= 5, width);
    check(`${v.name}: sound goes on`, v.record.growth('audioPackets') > 8 * 50 * 0.9, v.record.growth('audioPackets'));
  }
}

export default [
  { name: 'slow link, rate steps', run: steps },
  { name: 'slow link, 5 % loss', run: lossy },
  { name: 'slow link, 200 kbit/s', run: narrow },
];
