// Feedback after RFC 8888 of a browser that has it behind a field trial: the estimate comes from that, and follows the path.

import { Chromium } from '../lib/chromium.mjs';
import { check, until } from '../lib/until.mjs';

const trial = '--force-fieldtrials=WebRTC-RFC8888CongestionControlFeedback/Enabled,offer:true/';

const top = 1280;
const source = { width: top, height: 720, fps: 10, detail: 0.35 };
const publish = { camera: { maxBitrate: 2e6 }, microphone: true };

async function ccfb(bench) {
  const server = await bench.server();
  const browser = await Chromium.start([trial]);
  try {
    const plain = await bench.join(server, bench.chromium, { room: 'ccfb', identity: 'plain', publish, source: { ...source, colour: 'green' } });
    const link = await bench.link();
    link.order({ delay_ms: 25, queue: 1 << 20, steps: [{ after: 0, rate: 20e6 }] });
    const ccfb = await bench.join(server, browser, {
      room: 'ccfb', identity: 'ccfb', publish, source: { ...source, colour: 'blue' }, init: link.init,
    });
    await ccfb.show('plain', { width: top, height: 720 });
    await plain.show('ccfb', { width: top, height: 720 });
    await Promise.all([ccfb.sees('plain', 'green', { ms: 15_000, frames: 2 }), plain.sees('ccfb', 'blue', { ms: 15_000, frames: 2 })]);
    const network = () => ccfb.page.run(async () => (await window.room.stats()).network);
    await until('the server hears of each packet by RFC 8888', async () => (await network())?.feedback === 'ccfb', 10_000);
    await until('more than the lowest layer is sent by what it hears', async () => (await ccfb.tile('plain-camera')).width > 320, 20_000);
    await until('and what it sends itself grows, too', async () => (await plain.tile('ccfb-camera')).width > 320, 20_000);
    const good = await network();
    link.order({ delay_ms: 25, queue: 60_000, steps: [{ after: 0, rate: 6e5 }] });
    await until('the estimate follows the path', async () => (await network()).estimate < 7e5, 20_000);
    const slow = await network();
    check('the feedback is still that of RFC 8888', slow.feedback === 'ccfb', slow);
    console.log(`     estimate ${(good.estimate / 1e6).toFixed(2)} Mbit/s, then ${(slow.estimate / 1e6).toFixed(2)} on 0.6, round trip ${good.rttMs} ms`);
    await bench.close(ccfb.page);
  } finally {
    await browser.close();
  }
}

export default [{ name: 'ccfb: feedback after RFC 8888, chromium', run: ccfb }];
