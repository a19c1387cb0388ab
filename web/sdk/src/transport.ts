// The one RTCPeerConnection of a session: its lines, its negotiation and the watch over its path.

import { Lines, type SlotLine } from './lines.js';
import { Negotiator } from './negotiator.js';
import type { ICEServer, SlotWanted } from './protocol.js';
import { SilenceWatch } from './silence.js';

/** The path of the media: new, connected, interrupted (the browser looks for another pair), or failed for good. */
export type PathState = 'new' | 'connected' | 'interrupted' | 'failed';

/** How long a path may be down before new ICE credentials are offered, and how often that is tried. */
const restartAfterMs = 1000;
const restartEveryMs = 4000;
const restarts = 3;

/** What the transport tells its session. */
export interface TransportHooks {
  path(state: PathState): void;
  /** New ICE credentials are to be offered. */
  restart(): Promise<void>;
  /** Whether something has to arrive now. */
  expects(): boolean;
}

export class Transport {
  readonly pc: RTCPeerConnection;
  readonly lines: Lines;
  readonly negotiator: Negotiator;
  readonly #silence: SilenceWatch;
  #path: PathState = 'new';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #restarts = 0;
  #groups = 0;

  constructor(
    private readonly policy: RTCIceTransportPolicy,
    private readonly hooks: TransportHooks,
  ) {
    this.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceTransportPolicy: policy });
    this.lines = new Lines(this.pc);
    this.negotiator = new Negotiator(this.pc, this.lines);
    this.#silence = new SilenceWatch(this.pc, {
      expects: () => this.hooks.expects(),
      silent: () => this.#down(0),
      heard: () => this.#watch(),
    });
    this.pc.oniceconnectionstatechange = () => this.#watch();
    this.pc.onconnectionstatechange = () => this.#watch();
  }

  /** The state of the media's path. */
  get path(): PathState {
    return this.#path;
  }

  /** Adds the pool that a join begins with: enough for the first faces and the loudest voices. */
  addPool(codec: string): void {
    for (let i = 0; i < 3; i++) this.lines.addSlot('audio', 'audio', 'opus');
    for (let i = 0; i < 4; i++) this.lines.addSlot('video', 'video', codec);
  }

  /** Adds the slots that the server wants; codec is the room's. */
  addWanted(wanted: SlotWanted[], codec: string): SlotLine[] {
    return wanted.flatMap((w) => Array.from({ length: w.count }, () => this.#addOne(w, codec)).flat());
  }

  #addOne(w: SlotWanted, codec: string): SlotLine[] {
    if (w.kind === 'audio') return [this.lines.addSlot('audio', 'audio', 'opus')];
    if (w.kind === 'screen') {
      const group = `screen${++this.#groups}`;
      return [
        this.lines.addSlot('video', 'screen', w.codec ?? codec, group),
        this.lines.addSlot('audio', 'screen', 'opus', group),
      ];
    }
    if (w.codec === 'opus') return [this.lines.addSlot('audio', w.kind, 'opus')];
    return [this.lines.addSlot('video', w.kind, w.codec ?? codec)];
  }

  /** Takes the servers for gathering, which begins when the first offer is set. */
  setServers(iceServers: ICEServer[]): void {
    this.pc.setConfiguration({ bundlePolicy: 'max-bundle', iceTransportPolicy: this.policy, iceServers });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#silence.stop();
    this.negotiator.close();
    this.pc.oniceconnectionstatechange = this.pc.onconnectionstatechange = null;
    this.pc.close();
  }

  #watch(): void {
    const ice = this.pc.iceConnectionState;
    if (ice === 'connected' || ice === 'completed') return this.#up();
    if (this.pc.connectionState === 'failed' && ice !== 'failed') return this.#set('failed'); // DTLS
    if (ice === 'failed') return this.#down(0);
    if (ice === 'disconnected') this.#down(restartAfterMs);
  }

  #up(): void {
    this.#silence.start();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#restarts = 0;
    this.#set('connected');
  }

  /** The browser moves to another pair by itself (TCP, relay) if it has one; new credentials make it gather anew. */
  #down(afterMs: number): void {
    if (afterMs === 0) this.#set('interrupted');
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#restart(), afterMs);
  }

  #restart(): void {
    this.#set('interrupted');
    if (this.#restarts++ >= restarts) return this.#set('failed');
    this.#timer = setTimeout(() => this.#restart(), restartEveryMs);
    this.hooks.restart().catch(() => undefined);
  }

  #set(state: PathState): void {
    if (this.#path === state) return;
    this.#path = state;
    this.hooks.path(state);
  }
}
