// Statistics as a few short lines.

import type { GrantReason, Granted, LocalStats, Network, PathStats, TileStats } from '../sdk/src/index.js';

/** Bits per second for people: "1.4 Mbit/s". */
export function bitrate(bps: number): string {
  return bps >= 1e6 ? `${(bps / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bps / 1e3)} kbit/s`;
}

const percent = (x: number) => `${(x * 100).toFixed(x > 0 && x < 0.01 ? 1 : 0)} %`;
const trip = (path: PathStats) => (path.rttMs === undefined ? 'rtt –' : `rtt ${path.rttMs} ms`);

const reasons: Record<GrantReason, string> = {
  demand: 'all that is needed',
  budget: 'more does not fit',
  hysteresis: 'about to be more',
  probe: 'more did not get through',
  paused: 'no room for video',
};

/** What the server sends of a picture, and why it is not more. */
export function grantLine(g: Granted): string {
  const what = g.layer === undefined ? 'nothing' : `${g.layer}${g.temporal > 0 ? ` t${g.temporal}` : ''}`;
  return `gets ${what}: ${reasons[g.why] ?? g.why}`;
}

const feedbacks: Record<string, string> = {
  none: ' · no feedback',
  reports: ' · by reports only',
};

/** The way to here, as the server sees it. */
export function networkFigures(n: Network): string {
  const rtt = n.rttMs === undefined ? '–' : `${n.rttMs} ms`;
  const rest = `loss ${percent(n.loss)} · rtt ${rtt}${feedbacks[n.feedback] ?? ''}`;
  return `${n.limited ? 'limited to' : 'downlink'} ${bitrate(n.estimate)} · sending ${bitrate(n.sending)} · ${rest}`;
}

/** A picture that arrives, with the sound of the same participant. */
export function remoteFigures(video: TileStats | undefined, audio: TileStats | undefined, path: PathStats): string {
  const lines: string[] = [];
  if (video?.granted) lines.push(grantLine(video.granted));
  if (video) {
    const layer = video.layer ? ` layer ${video.layer}` : '';
    lines.push(video.width ? `${video.width}×${video.height}${layer} · ${video.fps} fps` : 'no picture yet');
    lines.push(`${video.codec} ${bitrate(video.bitrate)} · loss ${percent(video.loss)}`);
  }
  if (audio) lines.push(`${audio.codec} ${bitrate(audio.bitrate)} · loss ${percent(audio.loss)}`);
  lines.push(trip(path));
  return lines.join('\n');
}

/** What is sent, and the path. */
export function localFigures(local: LocalStats[], path: PathStats): string {
  const lines = local.flatMap((p) => {
    if (p.encodings.length === 0 || p.source === 'microphone' || p.source === 'screen_audio') {
      return [`${p.codec} ${bitrate(p.bitrate)} · loss ${percent(p.loss)}`];
    }
    return p.encodings.map((e) => {
      const rid = e.rid ? `${e.rid} ` : '';
      if (!e.width) return `${rid}off`;
      const limited = e.limited === 'none' ? '' : ` (${e.limited})`;
      return `${rid}${e.width}×${e.height} · ${e.fps} fps · ${bitrate(e.bitrate)}${limited}`;
    });
  });
  lines.push(`${path.protocol || '–'}${path.relayed ? ' by relay' : ''} · ${trip(path)}`);
  return lines.join('\n');
}
