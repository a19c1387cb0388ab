// Redundant audio (RFC 2198): a browser plays what the server makes of Opus, and one that takes no RED hears who sends it.

import { check, until } from '../lib/until.mjs';

/** Puts RED before Opus wherever the page says which codecs of sound it prefers. */
function preferRED() {
  const original = RTCRtpTransceiver.prototype.setCodecPreferences;
  RTCRtpTransceiver.prototype.setCodecPreferences = function (codecs) {
    const red = RTCRtpReceiver.getCapabilities('audio').codecs.filter((c) => c.mimeType === 'audio/red');
    const sound = codecs.some((c) => c.mimeType === 'audio/opus');
    return original.call(this, sound ? [...red, ...codecs] : codecs);
  };
}

/** Of each track of sound, the packets that came, and how many a packet repeated without need: nothing is lost here, so
 * that is each one that was repeated. */
async function received(participant) {
  const stats = await participant.stats('inbound-rtp');
  return stats.filter((s) => s.kind === 'audio' && s.packetsReceived > 0)
    .map((s) => ({ packets: s.packetsReceived, repeated: s.packetsDiscarded ?? 0 }));
}

/** The bytes of sound that a packet has. */
async function sentBytes(participant) {
  const [sent] = (await participant.stats('outbound-rtp')).filter((s) => s.kind === 'audio');
  return sent.bytesSent / sent.packetsSent;
}

async function bothWays(bench) {
  const server = await bench.server();
  const join = (identity, tone, redundant, init = []) =>
    bench.join(server, bench.chromium, { room: 'red', identity, source: { tone }, publish: { microphone: { redundant } }, init });
  const [red, plain, listener] = await Promise.all([
    join('red', 500, true), join('plain', 800, false), join('listener', 1100, false, [[preferRED]])]);
  await Promise.all([listener.hears(500), listener.hears(800), plain.hears(500), red.hears(800)]);
  await until('most packets repeat another one, of who sends RED and of who does not', async () => {
    const tracks = await received(listener);
    return tracks.length === 2 && tracks.every((t) => t.packets > 100 && t.repeated > 0.8 * t.packets);
  }, 10_000);
  check('who publishes with redundancy sends RED', (await sentBytes(red)) > 1.5 * (await sentBytes(plain)));
  const tracks = await received(plain);
  check('who did not ask for RED gets none', tracks.length === 2 && tracks.every((t) => t.repeated < 10), tracks);
}

export default [{ name: 'red, chromium to chromium', run: bothWays }];
