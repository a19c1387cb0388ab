// Figures for people: what arrives and what is sent, per picture.

import type { LocalPublication } from './localpublication.js';
import type { SlotLine } from './lines.js';
import type { RemotePublication } from './participant.js';
import type { GrantReason, Network, SlotGrant, Source } from './protocol.js';
import type { Session } from './session.js';

/** One remote publication as it arrives here. Sound has no size. */
export interface TileStats {
  publication: string;
  participant: string;
  source: Source;
  mid: string;
  codec: string;
  bitrate: number; // bits per second since the last call
  width: number;
  height: number;
  fps: number;
  /** The rid of the encoding that the size belongs to, if the publisher sends several. */
  layer: string | undefined;
  loss: number; // 0 to 1, since the last call
  jitterMs: number;
  freezes: number; // since the beginning
  /** What the server grants of a picture, and why not more; undefined while it has not said. */
  granted: Granted | undefined;
}

/** What the server sends of a picture. */
export interface Granted {
  /** The rid of the encoding, or the spatial layer as a number if there is only one encoding; undefined: nothing is sent. */
  layer: string | undefined;
  /** The highest temporal layer; -1: nothing is sent. */
  temporal: number;
  why: GrantReason;
}

/** One encoding as it is sent. */
export interface EncodingStats {
  rid: string;
  bitrate: number;
  width: number;
  height: number;
  fps: number;
  limited: string; // none, cpu, bandwidth or other
}

/** One own publication. */
export interface LocalStats {
  source: Source;
  codec: string;
  bitrate: number;
  loss: number; // 0 to 1, as the server reports it
  encodings: EncodingStats[];
}

/** The path to the server. */
export interface PathStats {
  rttMs: number | undefined;
  signalMs: number | undefined;
  protocol: string; // udp or tcp
  relayed: boolean;
  sendBitrate: number; // what the browser believes it can send; 0 if it does not say
}

/** All figures of a room. */
export interface RoomStats {
  path: PathStats;
  tiles: TileStats[];
  local: LocalStats[];
  /** What the server knows of the way to here; undefined while it has not said. */
  network: Network | undefined;
}

/** Names the layer that is granted. */
export function granted(p: Pick<RemotePublication, 'encodings'>, g: SlotGrant | undefined): Granted | undefined {
  if (!g) return undefined;
  const layer = p.encodings.length > 1 ? p.encodings[g.spatial]?.rid : String(g.spatial);
  return { layer: g.spatial < 0 ? undefined : layer, temporal: g.temporal, why: g.why };
}

/** getStats entries, as far as they are read here. */
type Entry = Record<string, unknown> & { id: string; type: string; timestamp: number };

const num = (e: Entry | undefined, key: string): number => (typeof e?.[key] === 'number' ? (e[key] as number) : 0);
const str = (e: Entry | undefined, key: string): string => (typeof e?.[key] === 'string' ? (e[key] as string) : '');

/** Reads statistics and remembers the last ones, since most figures are differences. */
export class StatsReader {
  #last = new Map<string, Entry>();
  #now = new Map<string, Entry>();

  async read(session: Session | undefined, remote: RemotePublication[], local: LocalPublication[], network?: Network): Promise<RoomStats> {
    const now = new Map<string, Entry>();
    (await session?.transport.pc.getStats())?.forEach((e: Entry) => now.set(e.id, e));
    this.#last = this.#now;
    this.#now = now;
    return {
      path: this.#path(session),
      tiles: session ? remote.flatMap((p) => this.#tile(session, p, network)) : [],
      local: session ? local.flatMap((p) => this.#local(session, p)) : [],
      network,
    };
  }

  #of(type: string): Entry[] {
    return [...this.#now.values()].filter((e) => e.type === type);
  }

  /** The growth of a counter since the last call. */
  #delta(e: Entry, key: string): number {
    const last = this.#last.get(e.id);
    return last ? Math.max(0, num(e, key) - num(last, key)) : 0;
  }

  #bitrate(e: Entry, key: string): number {
    const last = this.#last.get(e.id);
    const seconds = last ? (e.timestamp - last.timestamp) / 1000 : 0;
    return seconds > 0 ? Math.round((this.#delta(e, key) * 8) / seconds) : 0;
  }

  #codec(e: Entry): string {
    const mime = str(this.#now.get(str(e, 'codecId')), 'mimeType');
    return mime.slice(mime.indexOf('/') + 1).toLowerCase();
  }

  #tile(session: Session, p: RemotePublication, network: Network | undefined): TileStats[] {
    const slot = session.slots.of(p.id);
    const line = slot && session.transport.lines.byMid(slot.mid);
    if (line?.way !== 'receive') return [];
    const e = this.#inbound(line);
    if (!e) return [];
    const lost = this.#delta(e, 'packetsLost');
    const received = this.#delta(e, 'packetsReceived');
    const height = num(e, 'frameHeight');
    return [{
      publication: p.id, participant: p.participant, source: p.source,
      mid: line.mid ?? '',
      codec: this.#codec(e) || p.codec,
      bitrate: this.#bitrate(e, 'bytesReceived'),
      width: num(e, 'frameWidth'), height,
      fps: Math.round(num(e, 'framesPerSecond')),
      layer: p.encodings.find((x) => x.height !== undefined && Math.abs(x.height - height) <= 2)?.rid,
      loss: lost + received > 0 ? lost / (lost + received) : 0,
      jitterMs: Math.round(num(e, 'jitter') * 1000),
      freezes: num(e, 'freezeCount'),
      granted: granted(p, network?.slots.find((s) => s.mid === line.mid)),
    }];
  }

  #inbound(line: SlotLine): Entry | undefined {
    const track = line.transceiver.receiver.track.id;
    const all = this.#of('inbound-rtp');
    return all.find((e) => str(e, 'mid') === line.mid) ?? all.find((e) => str(e, 'trackIdentifier') === track);
  }

  #local(session: Session, p: LocalPublication): LocalStats[] {
    const mid = session.publisher.midOf(p);
    const sent = this.#of('outbound-rtp').filter((e) => mid !== undefined && str(e, 'mid') === mid);
    const first = sent[0];
    if (!first) return [];
    const encodings = sent.map((e) => ({
      rid: str(e, 'rid'),
      bitrate: this.#bitrate(e, 'bytesSent'),
      width: num(e, 'frameWidth'),
      height: num(e, 'frameHeight'),
      fps: Math.round(num(e, 'framesPerSecond')),
      limited: str(e, 'qualityLimitationReason') || 'none',
    }));
    const order = p.plan.send.map((e) => e.rid ?? '');
    const reports = sent.map((e) => num(this.#now.get(str(e, 'remoteId')), 'fractionLost'));
    return [{
      source: p.source,
      codec: this.#codec(first),
      bitrate: encodings.reduce((sum, e) => sum + e.bitrate, 0),
      loss: Math.max(...reports),
      encodings: encodings.sort((a, b) => order.indexOf(a.rid) - order.indexOf(b.rid)),
    }];
  }

  #path(session: Session | undefined): PathStats {
    const pair = this.#pair();
    const candidate = this.#now.get(str(pair, 'localCandidateId'));
    const rtt = num(pair, 'currentRoundTripTime') || Math.max(0, ...this.#of('remote-inbound-rtp').map((e) => num(e, 'roundTripTime')));
    return {
      rttMs: rtt > 0 ? Math.round(rtt * 1000) : undefined,
      signalMs: session?.rtt === undefined ? undefined : Math.round(session.rtt),
      protocol: str(candidate, 'relayProtocol') || str(candidate, 'protocol'),
      relayed: str(candidate, 'candidateType') === 'relay',
      sendBitrate: num(pair, 'availableOutgoingBitrate'),
    };
  }

  /** The pair in use: Chromium names it in the transport, Firefox marks it. */
  #pair(): Entry | undefined {
    const named = this.#now.get(str(this.#of('transport')[0], 'selectedCandidatePairId'));
    return named ?? this.#of('candidate-pair').find((e) => e['selected'] === true);
  }
}
