// The others in the room and what they publish.

import type * as wire from './protocol.js';
import type { ShowState } from './slots.js';
import { Tile, type AttachOptions } from './tile.js';

/** What a publication asks of the room. */
export interface PublicationOwner {
  /** A tile was added, removed, resized or came into sight. */
  tilesChanged(p: RemotePublication): void;
}

/** A track that another participant offers. */
export class RemotePublication {
  readonly id: string;
  readonly participant: string;
  readonly source: wire.Source;
  readonly kind: wire.Kind;
  #data: wire.Publication;
  #state: ShowState = 'idle';
  #reason: wire.SlotReason | undefined;
  #stream: MediaStream | null = null;
  readonly #tiles = new Map<HTMLVideoElement, Tile>();

  constructor(
    data: wire.Publication,
    private readonly owner: PublicationOwner,
  ) {
    this.id = data.id;
    this.participant = data.participant;
    this.source = data.source;
    this.kind = data.kind;
    this.#data = data;
  }

  /** "opus", "pcmu", "pcma", "vp8", "vp9", "h264", "h265", "av1". */
  get codec(): string {
    return this.#data.codec;
  }
  get muted(): boolean {
    return this.#data.muted ?? false;
  }
  /** Pixels of the largest encoding, if the publisher said. */
  get size(): { width: number; height: number } | undefined {
    const { width, height } = this.#data;
    return width && height ? { width, height } : undefined;
  }
  /** The simulcast encodings, smallest first. */
  get encodings(): readonly wire.EncodingOffer[] {
    return this.#data.encodings ?? [];
  }
  /** What is seen of it here. The attached elements show the picture while this is "live"; else they are transparent. */
  get state(): ShowState {
    return this.#state;
  }

  /** Why nothing is seen of it while its state is "paused": its publisher sends nothing ("muted"), or the way to here has
   * no room for it now ("bandwidth"). */
  get reason(): wire.SlotReason | undefined {
    return this.#reason;
  }

  /** Shows the picture in a video element, and tells the server the element's size and visibility, so that it sends what
   * can be seen and no more. While there is no picture the element is transparent (by its style's opacity), so that what
   * stands for it can be behind; do not take it out of the layout, or name another element to measure. Returns a function
   * that ends it. Sound needs no attach. */
  attach(element: HTMLVideoElement, options: AttachOptions = {}): () => void {
    this.#tiles.get(element)?.close();
    const tile = new Tile(element, options, () => this.owner.tilesChanged(this));
    this.#tiles.set(element, tile);
    tile.show(this.#stream, this.#state === 'live');
    this.owner.tilesChanged(this);
    return () => {
      if (this.#tiles.get(element) !== tile) return;
      this.#tiles.delete(element);
      tile.close();
      this.owner.tilesChanged(this);
    };
  }

  /** Changes how important an attached element is. */
  setPriority(element: HTMLVideoElement, priority: number): void {
    const tile = this.#tiles.get(element);
    if (!tile || tile.priority === priority) return;
    tile.priority = priority;
    this.owner.tilesChanged(this);
  }

  /** @internal */
  tiles(): Iterable<Tile> {
    return this.#tiles.values();
  }
  /** @internal */
  update(data: wire.Publication): void {
    this.#data = data;
  }
  /** @internal Takes the stream of the slot that is for it, and shows it if the state is live, from the picture with
   * the RTP timestamp since on; says whether the state is new, or its reason. */
  show(state: ShowState, stream: MediaStream | null, since: number | undefined, reason?: wire.SlotReason): boolean {
    this.#stream = stream;
    for (const tile of this.#tiles.values()) tile.show(stream, state === 'live', since);
    const changed = this.#state !== state || this.#reason !== reason;
    this.#state = state;
    this.#reason = reason;
    return changed;
  }
  /** @internal */
  close(): void {
    for (const tile of this.#tiles.values()) tile.close();
    this.#tiles.clear();
  }
}

/** Another participant of the room. */
export class RemoteParticipant {
  readonly isLocal = false;
  readonly id: string;
  #data: wire.Participant;
  readonly #publications = new Map<string, RemotePublication>();
  /** How loud the participant speaks, from 0 to 1; 0 when silent. */
  level = 0;

  constructor(data: wire.Participant) {
    this.id = data.id;
    this.#data = data;
  }

  get identity(): string {
    return this.#data.identity;
  }
  /** The name to show: the name, or else the identity. */
  get name(): string {
    return this.#data.name || this.#data.identity;
  }
  get attributes(): Readonly<Record<string, string>> {
    return this.#data.attributes ?? {};
  }
  get speaking(): boolean {
    return this.level > 0;
  }
  get publications(): RemotePublication[] {
    return [...this.#publications.values()];
  }
  get camera(): RemotePublication | undefined {
    return this.bySource('camera');
  }
  get microphone(): RemotePublication | undefined {
    return this.bySource('microphone');
  }
  get screen(): RemotePublication | undefined {
    return this.bySource('screen');
  }
  get screenAudio(): RemotePublication | undefined {
    return this.bySource('screen_audio');
  }
  bySource(source: wire.Source): RemotePublication | undefined {
    return this.publications.find((p) => p.source === source);
  }

  /** @internal */
  update(data: wire.Participant): void {
    this.#data = data;
  }
  /** @internal */
  add(p: RemotePublication): void {
    this.#publications.set(p.id, p);
  }
  /** @internal */
  get(id: string): RemotePublication | undefined {
    return this.#publications.get(id);
  }
  /** @internal */
  remove(id: string): RemotePublication | undefined {
    const p = this.#publications.get(id);
    p?.close();
    this.#publications.delete(id);
    return p;
  }
}
