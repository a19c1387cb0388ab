// Records what browsers send: node capture.mjs [part of a recording's name...]
//
// RECORDER is the address of scripts/rtprecorder. scripts/capture-rtp starts both in a network of their own. Each
// recording is one page that sends one track, to be written with as many packets as its line here says.

import { Chromium } from './lib/chromium.mjs';
import { Firefox } from './lib/firefox.mjs';
import { pause, until } from './lib/until.mjs';

const recorder = process.env.RECORDER;
const growMs = 20_000;

/** With this Chromium sends three sizes of a small picture, too. */
const allSizes = '--force-fieldtrials=WebRTC-LegacySimulcastLayerLimit/Disabled/';

const small = { width: 320, height: 180 };
const medium = { width: 640, height: 360 };
const large = { width: 960, height: 540 }; // three spatial layers need it

/** Smallest first, as the SDK asks for them. */
const sizes = (scalabilityMode) => ['q', 'h', 'f'].map((rid, i) => ({
  rid, scaleResolutionDownBy: 4 >> i, maxBitrate: [80e3, 120e3, 200e3][i], ...(scalabilityMode && { scalabilityMode }),
}));
const layers = (scalabilityMode, maxBitrate = 1.5e6) => [{ scalabilityMode, maxBitrate }];

/** browser, codec, mode, size of the picture, encodings, how many packets of media are written, and what happens when so
 * many were sent: a bitrate is the most that may be sent from then on, so that layers go and come. */
const recordings = [
  ['chromium', 'opus', '-', null, [{}], 60],
  ['chromium', 'red', '-', null, [{}], 60],
  ['chromium', 'vp8', 'simulcast', small, sizes(), 110],
  ['chromium', 'vp8', 'L1T3', small, layers('L1T3', 150e3), 40],
  ['chromium', 'vp9', 'simulcast', small, sizes('L1T3'), 100],
  ['chromium', 'vp9', 'L1T3', small, layers('L1T3', 150e3), 30],
  ['chromium', 'vp9', 'L3T3', large, layers('L3T3'), 80],
  ['chromium', 'vp9', 'L3T3-changing', large, layers('L3T3'), 100, { 20: 130e3, 40: 1.5e6 }],
  ['chromium', 'vp9', 'L3T3_KEY', large, layers('L3T3_KEY'), 80],
  ['chromium', 'vp9', 'L3T3_KEY-changing', large, layers('L3T3_KEY'), 90, { 20: 130e3, 40: 1.5e6 }],
  ['chromium', 'h264', 'simulcast', small, sizes(), 100],
  ['chromium', 'h264', 'L1T1', small, [{ maxBitrate: 150e3 }], 60],
  ['chromium', 'av1', 'L1T3', small, layers('L1T3', 150e3), 60],
  ['chromium', 'av1', 'L3T3', large, layers('L3T3'), 80],
  ['chromium', 'av1', 'L3T3_KEY', large, layers('L3T3_KEY'), 80],
  ['chromium', 'av1', 'L3T3_KEY-changing', large, layers('L3T3_KEY'), 90, { 20: 130e3, 40: 1.5e6 }],
  ['chromium', 'av1', 'simulcast', small, sizes('L1T3'), 80],
  ['firefox', 'opus', '-', null, [{}], 60],
  ['firefox', 'vp8', 'simulcast', medium, sizes().slice(1), 60],
  ['firefox', 'vp9', 'L1T1', small, [{ maxBitrate: 150e3 }], 30],
  ['firefox', 'av1', 'L1T1', small, [{ maxBitrate: 150e3 }], 40],
].map(([browser, codec, mode, size, encodings, packets, rates]) => ({ browser, codec, mode, size, encodings, packets, rates }));

const nameOf = (r) => [r.browser, r.codec, r.mode].filter((part) => part !== '-').join('-').toLowerCase();

/** Runs in the page: sends one track and returns how the browser names itself. */
async function send({ codec, size, encodings }) {
  /** A picture that moves, with something for the encoder to do. */
  const camera = ({ width, height }) => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width, height });
    const pen = canvas.getContext('2d', { alpha: false });
    let frame = 0;
    const draw = () => {
      frame++;
      const sky = pen.createLinearGradient(0, 0, width, height);
      sky.addColorStop(0, '#246');
      sky.addColorStop(1, '#fc8');
      pen.fillStyle = sky;
      pen.fillRect(0, 0, width, height);
      pen.fillStyle = '#fff';
      pen.fillRect((frame * width) / 60 % width, height / 3, width / 8, height / 4);
    };
    draw();
    setInterval(draw, 1000 / 15);
    return canvas.captureStream(15).getVideoTracks()[0];
  };
  const kind = size ? 'video' : 'audio';
  const track = size ? camera(size) : (await navigator.mediaDevices.getUserMedia({ audio: true })).getAudioTracks()[0];
  const pc = new RTCPeerConnection();
  window.pc = pc;
  const transceiver = pc.addTransceiver(track, { direction: 'sendonly', streams: [new MediaStream()], sendEncodings: encodings });
  const codecs = RTCRtpReceiver.getCapabilities(kind).codecs;
  const named = (name) => codecs.filter((c) => c.mimeType.toLowerCase() === `${kind}/${name}`);
  if (named(codec).length === 0) throw new Error(`this browser has no ${codec}`);
  const wanted = codec === 'red' ? [...named('red'), ...named('opus')] : [...named(codec), ...named('rtx')];
  if (codec !== 'opus') transceiver.setCodecPreferences(wanted);
  if (transceiver.getHeaderExtensionsToNegotiate) {
    const extensions = transceiver.getHeaderExtensionsToNegotiate();
    const layered = codec === 'vp9' || codec === 'av1'; // with it VP8 says in it only what the layer is
    for (const e of extensions) {
      if (e.uri.includes('dependency-descriptor')) e.direction = layered ? 'sendrecv' : 'stopped';
      else if (e.uri.includes('abs-capture-time') || e.uri.includes('video-layers')) e.direction = 'sendrecv';
    }
    transceiver.setHeaderExtensionsToNegotiate(extensions);
  }
  await pc.setLocalDescription();
  await new Promise((resolve) => {
    const done = () => pc.iceGatheringState === 'complete' && resolve();
    pc.addEventListener('icegatheringstatechange', done);
    done();
  });
  const response = await fetch('/offer', { method: 'POST', body: pc.localDescription.sdp });
  const answer = await response.text();
  if (!response.ok) throw new Error(answer);
  await pc.setRemoteDescription({ type: 'answer', sdp: answer });
  const version = navigator.userAgent.match(/(?:Chrome|Firefox)\/[\d.]+/)[0];
  return version.replace('/', ' ').replace('Chrome', 'Chromium');
}

/** Runs in the page: sends at most this many bits a second from now on. */
async function allow(maxBitrate) {
  const [sender] = window.pc.getSenders();
  const parameters = sender.getParameters();
  parameters.encodings[0].maxBitrate = maxBitrate;
  await sender.setParameters(parameters);
}

async function record(browser, r) {
  const page = await browser.open();
  try {
    await page.goto(recorder);
    const version = await page.run(send, { codec: r.codec, size: r.size, encodings: r.encodings });
    const count = async () => Number(await (await fetch(`${recorder}/packets`)).text());
    const sent = (n) => until(`${n} packets of ${nameOf(r)}`, async () => (await count()) >= n, growMs);
    for (const [n, rate] of Object.entries(r.rates ?? {})) {
      await sent(Number(n));
      await page.run(allow, rate);
    }
    if (!r.rates) {
      await sent(r.packets / 2);
      await fetch(`${recorder}/keyframe`, { method: 'POST' });
    }
    await sent(r.packets);
    const size = r.size ? `${r.size.width}x${r.size.height}` : '-';
    const title = { name: nameOf(r), browser: version, codec: r.codec, mode: r.mode, size, packets: r.packets };
    const response = await fetch(`${recorder}/save`, { method: 'POST', body: JSON.stringify(title) });
    if (!response.ok) throw new Error(await response.text());
    console.log(`recorded ${nameOf(r)}`);
  } finally {
    await page.close();
  }
}

async function main(wanted) {
  const chosen = recordings.filter((r) => wanted.length === 0 || wanted.some((w) => nameOf(r).includes(w)));
  const start = { chromium: () => Chromium.start([allSizes]), firefox: () => Firefox.start() };
  let failed = 0;
  for (const name of ['chromium', 'firefox']) {
    const list = chosen.filter((r) => r.browser === name);
    if (list.length === 0) continue;
    const browser = await start[name]();
    for (const r of list) {
      await record(browser, r).catch((e) => {
        failed++;
        console.error(`${nameOf(r)}: ${e.message}`);
      });
      await pause(200);
    }
    await browser.close();
  }
  return failed === 0 ? 0 : 1;
}

process.exit(await main(process.argv.slice(2)));
