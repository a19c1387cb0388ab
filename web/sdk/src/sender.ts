// What is changed about an RTCRtpSender, one thing after the other: browsers refuse parameters that were read before another change.

import { Serial } from './serial.js';

const queues = new WeakMap<RTCRtpSender, Serial>();

function queue(sender: RTCRtpSender): Serial {
  let q = queues.get(sender);
  if (!q) queues.set(sender, (q = new Serial()));
  return q;
}

/** Sends the track that is wanted when its turn has come. */
export function useTrack(sender: RTCRtpSender, wanted: () => MediaStreamTrack | null): Promise<void> {
  return queue(sender).run(async () => {
    const track = wanted();
    if (sender.track !== track) await sender.replaceTrack(track);
  });
}

/** Sends the encodings that active says, by their rid; the only encoding may have none. What the browser refuses is tried once more,
 * with its parameters read anew. Rejects with what the browser says then. */
export function useEncodings(sender: RTCRtpSender, active: (rid: string) => boolean): Promise<void> {
  return queue(sender).run(() => change(sender, active).catch(() => change(sender, active)));
}

async function change(sender: RTCRtpSender, active: (rid: string) => boolean): Promise<void> {
  const parameters = sender.getParameters();
  const stale = parameters.encodings?.filter((e) => (e.active ?? true) !== active(e.rid ?? '')) ?? [];
  if (stale.length === 0) return;
  for (const e of stale) e.active = !(e.active ?? true);
  await sender.setParameters(parameters);
}
