// Brings the pictures of the slots to the tiles, and never a wrong face under a name.

import type { Lines } from './lines.js';
import type { RemotePublication } from './participant.js';
import { pauseReason, seenSource, showState, type SlotTable } from './slots.js';

/** How often receivers are asked for their source: while a picture is awaited, and otherwise. */
const awaitMs = 15;
const idleMs = 250;

/** What the display looks at. It is asked anew each time, since a session may be replaced. */
export interface DisplayInput {
  lines: Lines | undefined;
  slots: SlotTable;
  publications: RemotePublication[];
}

export class Display {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #streams = new WeakMap<MediaStreamTrack, MediaStream>();

  /** shown is called when the state of a publication has changed. */
  constructor(
    private readonly input: () => DisplayInput,
    private readonly shown: (p: RemotePublication) => void,
  ) {}

  /** Brings every tile up to date, and comes back by itself while there is anything to watch. */
  refresh(): void {
    clearTimeout(this.#timer);
    const { lines, slots, publications } = this.input();
    let awaiting = false;
    let watching = false;
    for (const p of publications) {
      if (p.kind !== 'video') continue;
      const state = this.#show(p, lines, slots);
      awaiting ||= state === 'switching';
      watching ||= state === 'live';
    }
    if (awaiting || watching) this.#timer = setTimeout(() => this.refresh(), awaiting ? awaitMs : idleMs);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #show(p: RemotePublication, lines: Lines | undefined, slots: SlotTable): RemotePublication['state'] {
    const slot = slots.of(p.id);
    const receiver = slot && lines?.byMid(slot.mid)?.transceiver.receiver;
    const seen = receiver && seenSource(receiver);
    const state = receiver ? showState(slot, p.muted, seen) : 'idle';
    const reason = state === 'paused' ? pauseReason(slot, p.muted) : undefined;
    if (p.show(state, receiver ? this.#stream(receiver.track) : null, seen?.rtpTimestamp, reason)) this.shown(p);
    return state;
  }

  /** One stream for a track, so that an element that shows it already is left alone. */
  #stream(track: MediaStreamTrack): MediaStream {
    let stream = this.#streams.get(track);
    if (!stream) this.#streams.set(track, (stream = new MediaStream([track])));
    return stream;
  }
}
