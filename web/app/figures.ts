// Statistics as a few short lines.

import type { LocalStats, PathStats, TileStats } from '../sdk/src/index.js';

/** Bits per second for people: "1.4 Mbit/s". */
export function bitrate(bps: number): string {
  return bps >= 1e6 ? `${(bps / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bps / 1e3)} kbit/s`;
}

const percent = (x: number) => `${(x * 100).toFixed(x > 0 && x < 0.01 ? 1 : 0)} %`;
const trip = (path: PathStats) => (path.rttMs === undefined ? 'rtt –' : `rtt ${path.rttMs} ms`);

/** A picture that arrives, with the sound of the same participant. */
export function remoteFigures(video: TileStats | undefined, audio: TileStats | undefined, path: PathStats): string {
  const lines: string[] = [];
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
