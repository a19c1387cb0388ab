// The m-lines of the one RTCPeerConnection: send lines carry a publication, receive lines are slots.

import { chooseExtensions, preferCodec } from './codecs.js';
import { planKey, type EncodingPlan } from './encodings.js';
import type { Kind, SlotKind, SlotOffer, Source } from './protocol.js';

interface Line {
  readonly kind: Kind;
  readonly transceiver: RTCRtpTransceiver;
  /** Known once an offer with this line was made. */
  mid: string | undefined;
}

/** An m-line that sends. It belongs to one kind and one set of encodings for ever, and to one publication at a time. */
export interface SendLine extends Line {
  readonly way: 'send';
  readonly key: string;
  source: Source | undefined; // undefined: free
}

/** An m-line that receives. */
export interface SlotLine extends Line {
  readonly way: 'receive';
  readonly slot: SlotKind;
  readonly codec: string | undefined;
  readonly group: string | undefined;
}

/** What a send line carries. */
export interface Sending {
  source: Source;
  kind: Kind;
  codec: string;
  plan: EncodingPlan;
  track: MediaStreamTrack | null;
}

/** Keeps the m-lines in their order in the description. They are never set inactive and never removed, once offered. */
export class Lines {
  readonly all: (SendLine | SlotLine)[] = [];
  #streams = new Map<string, MediaStream>();

  constructor(private readonly pc: RTCPeerConnection) {}

  /** The line that carries this publication: a free one with the same encodings, or a new one. The caller replaces the
   * track of a used one. */
  take(s: Sending): { line: SendLine; added: boolean } {
    const key = planKey(s.kind, s.codec, s.plan);
    for (const line of this.all) {
      if (line.way !== 'send' || line.source !== undefined || line.key !== key) continue;
      line.source = s.source;
      return { line, added: false };
    }
    const line = this.#addSend(s, key);
    this.all.push(line);
    return { line, added: true };
  }

  #addSend(s: Sending, key: string): SendLine {
    const transceiver = this.pc.addTransceiver(s.track ?? s.kind, {
      direction: 'sendonly',
      streams: [this.#stream(s.source)],
      sendEncodings: encodingsFor(s.codec, s.plan.send),
    });
    preferCodec(transceiver, s.kind, s.codec);
    chooseExtensions(transceiver, s.kind, s.codec);
    return { way: 'send', kind: s.kind, transceiver, mid: undefined, key, source: s.source };
  }

  /** Camera and microphone share a stream, screen and its sound another: the receiver keeps them in step. */
  #stream(source: Source): MediaStream {
    const pair = source.startsWith('screen') ? 'screen' : 'person';
    let stream = this.#streams.get(pair);
    if (!stream) this.#streams.set(pair, (stream = new MediaStream()));
    return stream;
  }

  /** Adds one receive line. */
  addSlot(kind: Kind, slot: SlotKind, codec: string, group?: string): SlotLine {
    const transceiver = this.pc.addTransceiver(kind, { direction: 'recvonly' });
    preferCodec(transceiver, kind, codec);
    chooseExtensions(transceiver, kind, codec);
    const line: SlotLine = {
      way: 'receive', kind, transceiver, mid: undefined, slot, codec: kind === 'video' ? codec : undefined, group,
    };
    this.all.push(line);
    return line;
  }

  /** Takes back lines that no description names yet: a stopped transceiver without a mid leaves no trace. */
  drop(lines: (SendLine | SlotLine)[]): void {
    for (const line of lines) {
      const at = this.all.indexOf(line);
      if (at < 0 || line.transceiver.mid !== null) continue;
      this.all.splice(at, 1);
      line.transceiver.stop();
    }
  }

  /** Gives the lines their mids, which an offer lists in the order of the lines. */
  name(mids: string[]): void {
    if (mids.length !== this.all.length) throw new Error(`offer has ${mids.length} m-lines, ${this.all.length} expected`);
    this.all.forEach((line, i) => (line.mid = mids[i]));
  }

  /** The receive lines as an offer declares them. */
  slotOffers(): SlotOffer[] {
    return this.slots().map((l) => {
      const offer: SlotOffer = { mid: l.mid ?? '', kind: l.slot };
      if (l.codec !== undefined) offer.codec = l.codec;
      if (l.group !== undefined) offer.group = l.group;
      return offer;
    });
  }

  /** The receive lines. */
  slots(): SlotLine[] {
    return this.all.filter((l): l is SlotLine => l.way === 'receive');
  }

  /** The line with this mid. */
  byMid(mid: string): SendLine | SlotLine | undefined {
    return this.all.find((l) => l.mid === mid);
  }
}

/** Browsers send VP9 and AV1 in several sizes only if each encoding is said to hold one size. Firefox 153 sends all of
 * VP9's encodings in the size of the first one, if that is not the largest. */
function encodingsFor(codec: string, send: RTCRtpEncodingParameters[]): RTCRtpEncodingParameters[] {
  if (send.length === 1 || (codec !== 'vp9' && codec !== 'av1')) return send;
  const single = send.map((e) => ({ scalabilityMode: 'L1T3', ...e }));
  return codec === 'vp9' ? single.reverse() : single;
}
