// One session: a websocket and a transport that belong together. It is never mended; when either is lost, a new one is
// made.

import { videoCodecs } from './codecs.js';
import { HeliographError } from './errors.js';
import type { LocalPublication } from './localpublication.js';
import type * as wire from './protocol.js';
import { Publisher } from './publisher.js';
import { SlotTable } from './slots.js';
import { Socket, type EventMessage } from './socket.js';
import type { Transcript } from './transcript.js';
import { Transport, type PathState } from './transport.js';

/** The SDK's name and version, as hello carries it. */
const client = 'heliograph-web/0.1.0';

/** How long a leave waits for its response. */
const leaveMs = 500;

/** What a session is made with. */
export interface JoinParams {
  url: string;
  token: Promise<string>;
  room: string | undefined;
  policy: RTCIceTransportPolicy;
  /** The codec that the first offer is made for: the room's, as far as it is known. */
  codec: string;
  publications: LocalPublication[];
  /** Encodings that nobody gets are not sent. */
  dynacast: boolean;
  transcript: Transcript;
  signal: AbortSignal;
}

/** Who is told of what happens in a session. */
export interface SessionHooks {
  welcome(w: wire.Welcome): void;
  event(m: EventMessage): void;
  /** The receive lines or their mapping have changed. */
  slots(): void;
  path(state: PathState): void;
  /** The server did not take a publication of hello. */
  refused(p: LocalPublication): void;
  lost(e: HeliographError): void;
}

export class Session {
  readonly transport: Transport;
  readonly publisher: Publisher;
  readonly slots = new SlotTable();
  #socket: Socket | undefined;
  #codec: string;
  #joined = false;
  #ended = false;

  private constructor(
    private readonly params: JoinParams,
    private readonly hooks: SessionHooks,
  ) {
    this.#codec = params.codec;
    this.transport = new Transport(params.policy, {
      path: (state) => this.#path(state),
      restart: () => this.restart(),
      expects: () => this.publisher.sends || this.slots.all().some((s) => s.state === 'live'),
    });
    this.publisher = new Publisher(
      this.transport,
      () => this.#codec,
      (t, d) => this.#request(t, d),
    );
  }

  /** Joins in one round trip after the websocket. Rejects with client.connect, the server's code, or the signal's
   * reason; then nothing is left behind. */
  static async join(params: JoinParams, hooks: SessionHooks): Promise<Session> {
    const session = new Session(params, hooks);
    const abort = () => session.close();
    params.signal.addEventListener('abort', abort, { once: true });
    try {
      await session.#join();
      return session;
    } catch (e) {
      session.close();
      throw params.signal.aborted ? params.signal.reason : e;
    } finally {
      params.signal.removeEventListener('abort', abort);
    }
  }

  /** The room's primary video codec. */
  get codec(): string {
    return this.#codec;
  }
  /** The round-trip time of signaling in milliseconds. */
  get rtt(): number | undefined {
    return this.#socket?.rtt;
  }

  async #join(): Promise<void> {
    const hooks = { event: (m: EventMessage) => this.#event(m), lost: (e: HeliographError) => this.#lost(e) };
    const { url, transcript, signal } = this.params;
    const open = async () => {
      const token = await this.params.token; // the server waits two seconds for hello, so the token comes first
      this.#socket = await Socket.open(url, hooks, transcript, signal);
      if (this.#ended) this.#socket.close(lost());
      return token;
    };
    const opening = open();
    opening.catch(() => undefined); // the negotiation waits for it, unless that fails first
    await this.transport.negotiator.run({
      once: true,
      change: () => this.#addFirst(),
      send: async (offer) => {
        const welcome = await this.#hello(await opening, offer);
        if (!welcome.answer) throw new HeliographError('client.negotiation', 'The server gave no answer.');
        return { answer: welcome.answer, result: undefined };
      },
    });
    this.hooks.slots();
    await this.publisher.catchUp();
    if (this.#ended) throw lost();
    this.#joined = true;
  }

  /** The lines of the first offer: what is published, and the pool. */
  #addFirst(): [] {
    this.publisher.prepare(this.params.publications);
    this.transport.addPool(this.#codec);
    return [];
  }

  async #hello(token: string, offer: wire.Offer): Promise<wire.Welcome> {
    const { room } = this.params;
    const caps = videoCodecs().map((c) => `codec:${c}`);
    if (this.params.dynacast) caps.push('dynacast');
    const hello: wire.Hello = { token, client, caps, offer, publications: this.publisher.offers() };
    if (room !== undefined) hello.room = room;
    const welcome = await this.#request<wire.Welcome>('hello', hello);
    this.#codec = welcome.codec;
    this.#socket?.startLog(welcome.log.r);
    this.#socket?.keepalive(welcome.keepalive);
    if (welcome.slots) this.slots.apply(welcome.slots);
    for (const p of this.publisher.confirm(welcome.publications ?? [])) this.hooks.refused(p);
    this.hooks.welcome(welcome);
    this.transport.setServers(welcome.iceServers ?? []); // before the offer is set, which is when gathering begins
    return welcome;
  }

  /** Publishes one track. Rejects with the server's code. */
  publish(p: LocalPublication): Promise<void> {
    return this.#watch(this.publisher.publish(p));
  }

  /** Replaces the view. */
  view(rev: number, items: wire.ViewItem[]): Promise<wire.ViewOk> {
    return this.#request('view', { rev, items } satisfies wire.View);
  }

  /** Sends application data. */
  async message(m: wire.Message): Promise<void> {
    await this.#request('message', m);
  }

  /** Offers new ICE credentials. */
  restart(): Promise<void> {
    return this.#offer([], true);
  }

  /** Loses the websocket, for tests of what follows. */
  dropSocket(): void {
    this.#socket?.drop();
  }

  /** Says good-bye and closes: the server is to hear of the leave before it sees the transport go. */
  leave(): void {
    if (this.#ended || !this.#socket) return this.close();
    const close = () => this.close();
    this.#socket.request('leave', {}).then(close, close);
    setTimeout(close, leaveMs);
  }

  close(): void {
    this.#ended = true;
    this.publisher.close();
    this.#socket?.close(lost());
    this.transport.close();
  }

  #request<T>(t: string, d: object): Promise<T> {
    return this.#socket ? this.#socket.request<T>(t, d) : Promise.reject(lost());
  }

  #event(m: EventMessage): void {
    if (m.t === 'slots') {
      if (this.slots.apply(m.d as wire.Slots)) this.hooks.slots();
      return;
    }
    if (m.t === 'offer.wanted') {
      const { slots = [], reason } = m.d as wire.OfferWanted;
      this.#offer(slots, reason === 'ice').catch((e) => this.params.transcript.add('!', `offer refused: ${e}`));
      return;
    }
    if (m.t === 'publication.encodings') {
      this.publisher.obey(m.d as wire.PublicationEncodings).catch((e) => this.params.transcript.add('!', `encodings refused: ${e}`));
      return;
    }
    this.hooks.event(m);
  }

  async #offer(wanted: wire.SlotWanted[], iceRestart: boolean): Promise<void> {
    const negotiation = this.transport.negotiator.run({
      iceRestart,
      change: () => this.transport.addWanted(wanted, this.#codec),
      send: async (offer) => ({ answer: (await this.#request<wire.OfferOk>('offer', offer)).answer, result: undefined }),
    });
    await this.#watch(negotiation);
    this.hooks.slots();
  }

  /** If the server has taken an offer whose answer this browser could not, the two no longer agree: join anew. */
  async #watch<T>(negotiation: Promise<T>): Promise<T> {
    try {
      return await negotiation;
    } catch (e) {
      if (e instanceof HeliographError && e.code === 'client.negotiation') this.#lost(e);
      throw e;
    }
  }

  #path(state: PathState): void {
    this.params.transcript.add('!', `media path ${state}`);
    if (state === 'failed') return this.#lost(new HeliographError('client.lost', 'The media path was lost.', { retry: true }));
    this.hooks.path(state);
  }

  #lost(e: HeliographError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket?.close(e);
    if (this.#joined) this.hooks.lost(e); // else join rejects
  }
}

const lost = () => new HeliographError('client.lost', 'The connection to the server was lost.', { retry: true });
