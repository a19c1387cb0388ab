// Which publication is on which slot, and whether its picture may be shown.

import type { Slot, SlotReason, Slots } from './protocol.js';

/** What a viewer sees of a publication: nothing maps it (idle), nothing is sent of it (paused), it waits for its
 * first picture (switching), or it is there (live). */
export type ShowState = 'idle' | 'paused' | 'switching' | 'live';

/** The server's mapping of publications to slots: always the whole of it, the newest revision. */
export class SlotTable {
  #rev = -1;
  #slots: Slot[] = [];

  /** Takes a newer mapping; says whether it was newer. */
  apply(s: Slots): boolean {
    if (s.rev <= this.#rev) return false;
    this.#rev = s.rev;
    this.#slots = s.slots;
    return true;
  }

  /** The slot that a publication is on. */
  of(publication: string): Slot | undefined {
    return this.#slots.find((s) => s.publication === publication && s.state !== 'idle');
  }

  /** All slots. */
  all(): readonly Slot[] {
    return this.#slots;
  }
}

/** The source that a receiver plays now: its CSRC, or none if packets came without one, and the RTP timestamp at which it
 * was seen last. Undefined: nothing has come yet. */
export interface SeenSource {
  csrc: number | undefined;
  rtpTimestamp: number | undefined;
}

/** Decides what to show. The server announces a mapping before the packets change, and packets may overtake the
 * announcement: only a picture whose CSRC is the announced one goes under the name. A browser that tells no CSRC is
 * believed when the server says live. */
export function showState(slot: Slot | undefined, muted: boolean, seen: SeenSource | undefined): ShowState {
  if (!slot || slot.state === 'idle') return 'idle';
  if (muted || slot.state === 'paused') return 'paused';
  if (!slot.csrc) return slot.state;
  if (!seen) return 'switching';
  if (seen.csrc === slot.csrc) return 'live';
  return seen.csrc === undefined && slot.state === 'live' ? 'live' : 'switching';
}

/** Why nothing is shown of what is paused. A server that tells no reason knows of one only. */
export function pauseReason(slot: Slot | undefined, muted: boolean): SlotReason {
  return muted ? 'muted' : (slot?.reason ?? 'muted');
}

/** The newest source of a receiver. Both lists keep sources for ten seconds (webrtc-pc 5.3.1); the timestamps tell which
 * one plays now. */
export function seenSource(receiver: RTCRtpReceiver): SeenSource | undefined {
  const contributing = newest(receiver.getContributingSources());
  const own = newest(receiver.getSynchronizationSources());
  if (contributing && (!own || contributing.timestamp >= own.timestamp - 500)) {
    return { csrc: contributing.source, rtpTimestamp: contributing.rtpTimestamp };
  }
  return own && { csrc: undefined, rtpTimestamp: own.rtpTimestamp };
}

const newest = (list: RTCRtpContributingSource[]) =>
  list.reduce<RTCRtpContributingSource | undefined>((a, b) => (a && a.timestamp >= b.timestamp ? a : b), undefined);
