// A room as an application sees it: who is in it, what they publish, and the state of being in it.

import { AudioPool } from './audio.js';
import { Display } from './display.js';
import { Emitter } from './emitter.js';
import { HeliographError } from './errors.js';
import type { AnyParticipant, RoomEvents } from './events.js';
import { LocalParticipant, type LocalPublishOptions, type PublishSource } from './local.js';
import type { LocalPublication } from './localpublication.js';
import { Membership, type MembershipOptions, type RoomState } from './membership.js';
import type { RemoteParticipant } from './participant.js';
import type * as wire from './protocol.js';
import { Roster } from './roster.js';
import { SlotTable } from './slots.js';
import type { EventMessage } from './socket.js';
import { StatsReader, type RoomStats } from './stats.js';
import { Transcript, type TranscriptLine } from './transcript.js';
import { buildView, ViewSender, wish } from './view.js';
import { watchHidden } from './visibility.js';

const noSlots = new SlotTable();

export class Room extends Emitter<RoomEvents> {
  readonly local: LocalParticipant;
  readonly #membership: Membership;
  readonly #roster: Roster;
  readonly #audio = new AudioPool((blocked) => this.emit('autoplay', blocked));
  readonly #display: Display;
  readonly #view: ViewSender;
  readonly #transcript = new Transcript();
  readonly #stats = new StatsReader();
  readonly #unwatch: () => void;
  #network: wire.Network | undefined;
  #name = '';
  #hidden = false;

  /** @internal Use connect. */
  constructor(options: MembershipOptions) {
    super();
    this.#membership = this.#makeMembership(options);
    this.local = new LocalParticipant({
      publish: (p) => this.#membership.publish(p),
      unpublish: (p) => this.#membership.tell((s) => s.publisher.unpublish(p)),
      update: (p) => this.#membership.tell((s) => s.publisher.update(p)),
      changed: (p) => this.emit('local', p),
      ended: (p) => this.#trackEnded(p),
    });
    this.#roster = this.#makeRoster();
    this.#display = new Display(
      () => ({
        lines: this.#membership.session?.transport.lines,
        slots: this.#membership.session?.slots ?? noSlots,
        publications: this.#roster.publications(),
      }),
      (p) => this.emit('shown', p),
    );
    this.#view = new ViewSender(
      () => this.#wanted(),
      (rev, items) => this.#background(this.#membership.tell((s) => s.view(rev, items))),
    );
    this.#unwatch = watchHidden((hidden) => {
      this.#hidden = hidden;
      this.#view.refresh();
    });
  }

  /** The room's name; empty until it is joined. */
  get name(): string {
    return this.#name;
  }
  get state(): RoomState {
    return this.#membership.state;
  }
  /** The others in the room, in the order in which they came. */
  get participants(): RemoteParticipant[] {
    return this.#roster.all();
  }
  /** A participant, the local one included, by its id. */
  participant(id: string): AnyParticipant | undefined {
    return id === this.local.id ? this.local : this.#roster.get(id);
  }
  /** Whether sound waits for a gesture of the user. */
  get audioBlocked(): boolean {
    return this.#audio.blocked;
  }

  /** Calls fn at each event from now on; returns a function that ends it. A listener of participant or publication is
   * called soon for each that is there already. */
  override on<K extends keyof RoomEvents>(type: K, fn: RoomEvents[K]): () => void {
    const off = super.on(type, fn);
    if (type === 'participant') this.#replayParticipants(fn as RoomEvents['participant']);
    if (type === 'publication') this.#replayPublications(fn as RoomEvents['publication']);
    return off;
  }

  #replayParticipants(fn: RoomEvents['participant']): void {
    for (const p of this.participants) queueMicrotask(() => this.#roster.get(p.id) === p && fn(p));
  }

  #replayPublications(fn: RoomEvents['publication']): void {
    for (const p of this.#roster.publications()) {
      queueMicrotask(() => {
        const of = this.#roster.get(p.participant);
        if (of?.get(p.id) === p) fn(p, of);
      });
    }
  }

  /** Sends application data to everybody, the sender included, or to the participants named in to. While reconnecting it
   * waits for the room. */
  async send(m: { topic?: string; to?: string[]; body: unknown }): Promise<void> {
    const session = await this.#membership.joined();
    await session.message(m);
  }

  /** Plays sound that the browser held back. Call it inside a gesture of the user. */
  startAudio(): Promise<void> {
    return this.#audio.start();
  }

  /** Plays sound through this output device; the empty string is the system's own choice. */
  setSpeaker(deviceId: string): Promise<void> {
    return this.#audio.setSink(deviceId);
  }

  /** Figures of the time since the last call: for each picture, each own publication, and the path. */
  stats(): Promise<RoomStats> {
    return this.#stats.read(this.#membership.session, this.#roster.publications(), this.local.publications, this.#network);
  }

  /** Everything that helps to find out why a call is bad, as plain data: the transcript and the browser's statistics. It
   * holds no tokens and no passwords. */
  async debug(): Promise<{ state: RoomState; agent: string; transcript: TranscriptLine[]; slots: wire.Slot[]; stats: unknown[] }> {
    const session = this.#membership.session;
    const stats: unknown[] = [];
    (await session?.transport.pc.getStats())?.forEach((s) => stats.push(s));
    const slots = [...(session?.slots.all() ?? [])];
    return { state: this.state, agent: navigator.userAgent, transcript: this.#transcript.lines(), slots, stats };
  }

  /** Breaks something on purpose, to see it mend: the websocket, or the ICE credentials. */
  async simulate(what: 'websocket-loss' | 'ice-restart'): Promise<void> {
    const session = this.#membership.session;
    if (what === 'websocket-loss') session?.dropSocket();
    else await session?.restart();
  }

  /** Leaves for good and closes all devices that the SDK opened. */
  leave(): void {
    this.#membership.leave();
  }

  /** @internal Opens the devices and joins. */
  async join(publish: [PublishSource, LocalPublishOptions][], signal?: AbortSignal): Promise<void> {
    const abort = () => this.leave();
    try {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', abort, { once: true });
      await Promise.all(publish.map(([source, o]) => this.local.open(source, signal ? { ...o, signal } : o)));
      await this.#membership.join();
    } catch (e) {
      this.#membership.close();
      throw signal?.aborted ? signal.reason : e;
    }
  }

  #makeMembership(options: MembershipOptions): Membership {
    return new Membership(options, this.#transcript, {
      publications: () => this.local.publications,
      welcome: (w) => this.#welcome(w),
      event: (m) => this.#event(m),
      slots: () => this.#slots(),
      session: (s) => (s ? this.#view.open() : this.#view.close()),
      refused: (p) => this.#refused(p),
      state: (state, error) => {
        if (state === 'closed') this.#closed();
        this.emit('state', state, error);
      },
    });
  }

  #makeRoster(): Roster {
    return new Roster({
      joined: (p) => this.emit('participant', p),
      left: (p, reason) => this.emit('left', p, reason),
      added: (p, of) => {
        this.#display.refresh();
        this.emit('publication', p, of);
      },
      updated: (p, of) => {
        this.#display.refresh();
        this.emit('updated', p, of);
      },
      removed: (p, of) => {
        this.#display.refresh();
        this.emit('unpublished', p, of);
      },
      tilesChanged: () => this.#view.changed(),
    });
  }

  #welcome(w: wire.Welcome): void {
    this.#network = undefined;
    const self = w.participants.find((p) => p.id === w.participant);
    this.#name = w.room;
    this.local.id = w.participant;
    this.local.identity = self?.identity ?? '';
    this.local.name = self?.name || this.local.identity;
    this.#roster.reset(w.participants, w.participant);
  }

  #slots(): void {
    const lines = this.#membership.session?.transport.lines.slots() ?? [];
    this.#audio.set(lines.filter((l) => l.kind === 'audio').map((l) => l.transceiver.receiver.track));
    this.#display.refresh();
  }

  #event(m: EventMessage): void {
    if (this.#roster.event(m)) return;
    if (m.t === 'speakers') this.#speakers((m.d as wire.Speakers).speakers);
    if (m.t === 'network') this.emit('network', (this.#network = m.d as wire.Network));
    if (m.t === 'message') this.#message(m.d as wire.Message);
  }

  #speakers(list: wire.Speaker[]): void {
    this.#roster.speak(list);
    this.local.level = list.find((s) => s.participant === this.local.id)?.level ?? 0;
    const known = list.flatMap((s) => {
      const participant = this.participant(s.participant);
      return participant ? [{ participant, level: s.level }] : [];
    });
    this.emit('speakers', known);
  }

  #message(m: wire.Message): void {
    const from = m.from === undefined ? undefined : this.participant(m.from);
    this.emit('message', { topic: m.topic ?? '', from, at: m.at ?? Date.now(), body: m.body });
  }

  /** The view, or none while a new tile does not know its place: a view without it would take its picture away. */
  #wanted(): wire.ViewItem[] | undefined {
    if (this.#hidden) return [];
    const publications = this.#roster.publications();
    if (publications.some((p) => [...p.tiles()].some((t) => !t.known))) return undefined;
    return buildView(publications.flatMap((p) => [...p.tiles()].map((t) => wish(p.id, t))));
  }

  /** A publication of hello was not made: the room may want another codec, which is known by now. */
  #refused(p: LocalPublication): void {
    this.#membership.publish(p).catch((e) => {
      this.local.discard(p);
      this.#report(e);
    });
  }

  #trackEnded(p: LocalPublication): void {
    const source = p.source === 'screen_audio' ? 'screen' : p.source;
    this.emit('ended', p);
    this.#background(this.local.unpublish(source));
  }

  #background(work: Promise<unknown>): void {
    work.catch((e) => this.#report(e));
  }

  #report(e: unknown): void {
    if (this.state === 'closed') return;
    this.emit('error', e instanceof HeliographError ? e : new HeliographError('client.lost', String(e), { cause: e }));
  }

  #closed(): void {
    this.#unwatch();
    this.#view.close();
    this.#display.close();
    this.#audio.close();
    this.local.close();
    for (const p of this.#roster.publications()) p.close();
  }
}
