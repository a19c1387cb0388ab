// Which encodings a video is sent in.

import type { EncodingOffer, Source } from './protocol.js';

/** An encoding with its layers: scalabilityMode is in browsers, and not in TypeScript's types. */
export interface SendEncoding extends RTCRtpEncodingParameters {
  scalabilityMode?: string;
}

/** How a video is sent: what the browser is told, and what the server is told. Smallest first. */
export interface EncodingPlan {
  send: SendEncoding[];
  offer: EncodingOffer[];
}

/** A picture's size in pixels. */
export interface Size {
  width: number;
  height: number;
}

/** One encoding of the ladder: the divisor of the picture's size and the most bits a second it may take. */
interface Step {
  scale: number;
  bitrate: number;
}

const rids = ['q', 'h', 'f'] as const;

/** The ladder for the shorter side of the picture, so that a phone held upright gets the same as one held across.
 * libwebrtc leaves encodings out below 720 lines by itself; asking for fewer keeps rid and size in step. */
function ladder(shorter: number): Step[] {
  if (shorter >= 1080) return [{ scale: 4, bitrate: 200e3 }, { scale: 2, bitrate: 700e3 }, { scale: 1, bitrate: 3e6 }];
  if (shorter >= 720) return [{ scale: 4, bitrate: 150e3 }, { scale: 2, bitrate: 500e3 }, { scale: 1, bitrate: 1.5e6 }];
  if (shorter >= 360) return [{ scale: 2, bitrate: 150e3 }, { scale: 1, bitrate: 600e3 }];
  return [{ scale: 1, bitrate: 200e3 }];
}

/** Plans the encodings of a video of this source and size. Screens are sent once, sharp: 2.5 Mbit/s. A plan of one
 * encoding has no rid. maxBitrate (bits per second) replaces the largest encoding's. A scalabilityMode with more than one
 * spatial layer is a plan of one encoding: the layers take the place of simulcast. */
export function planEncodings(source: Source, size: Size, simulcast = true, maxBitrate?: number, scalabilityMode?: string): EncodingPlan {
  const mode: SendEncoding = scalabilityMode === undefined ? {} : { scalabilityMode };
  if (source === 'screen' || source === 'screen_audio' || source === 'microphone') {
    return single(source === 'screen' ? (maxBitrate ?? 2.5e6) : maxBitrate, source === 'screen' ? mode : {});
  }
  const steps = ladder(Math.min(size.width, size.height));
  const top = steps[steps.length - 1] as Step;
  if (maxBitrate !== undefined) top.bitrate = maxBitrate;
  const spatial = scalabilityMode !== undefined && !scalabilityMode.startsWith('L1');
  if (!simulcast || spatial || steps.length === 1) return single(top.bitrate, mode);
  return {
    send: steps.map((s, i) => ({ rid: rids[i] as string, scaleResolutionDownBy: s.scale, maxBitrate: s.bitrate, ...mode })),
    offer: steps.map((s, i) => ({
      rid: rids[i] as string,
      width: Math.round(size.width / s.scale),
      height: Math.round(size.height / s.scale),
      maxBitrate: s.bitrate,
    })),
  };
}

function single(bitrate: number | undefined, mode: SendEncoding): EncodingPlan {
  return { send: [bitrate === undefined ? mode : { maxBitrate: bitrate, ...mode }], offer: [] };
}

/** A key that is equal for plans that can use the same m-line: the server ties each SSRC to its m-line and rid for the
 * life of the m-line, so only identical encodings may follow one another on it. */
export function planKey(kind: string, codec: string, plan: EncodingPlan): string {
  return `${kind} ${codec} ${JSON.stringify(plan.send)}`;
}
