// Being in a room across sessions: joins, comes back when a session is lost, and carries what is published over.

import { backoff, pause } from './backoff.js';
import { HeliographError, isLost } from './errors.js';
import type { LocalPublication } from './localpublication.js';
import type * as wire from './protocol.js';
import { Session } from './session.js';
import type { EventMessage } from './socket.js';
import type { Transcript } from './transcript.js';
import type { PathState } from './transport.js';

/** Being in the room: on the way in, in it, on the way back in, or out of it for good. */
export type RoomState = 'connecting' | 'joined' | 'reconnecting' | 'closed';

/** How a room is joined. */
export interface MembershipOptions {
  url: string;
  /** A function is asked at each join, since a token may have expired when a session is lost. */
  token: string | (() => string | Promise<string>);
  room: string | undefined;
  /** The video codec that the first offer is made for. */
  codec: string;
  iceTransportPolicy: RTCIceTransportPolicy;
  /** Encodings that nobody gets are not sent. */
  dynacast: boolean;
}

/** Who is told of what happens. */
export interface MembershipHooks {
  /** What is published at each join. */
  publications(): LocalPublication[];
  welcome(w: wire.Welcome): void;
  event(m: EventMessage): void;
  /** The slots of the current session have changed, or the session itself. */
  slots(): void;
  /** A session is there, or none is. */
  session(s: Session | undefined): void;
  refused(p: LocalPublication): void;
  state(state: RoomState, error: HeliographError | undefined): void;
}

interface Waiter {
  resolve(s: Session): void;
  reject(e: unknown): void;
}

export class Membership {
  #state: RoomState = 'connecting';
  #session: Session | undefined;
  #live = false; // the session is joined and not lost
  #codec: string;
  #waiters: Waiter[] = [];
  readonly #ended = new AbortController();

  constructor(
    private readonly options: MembershipOptions,
    private readonly transcript: Transcript,
    private readonly hooks: MembershipHooks,
  ) {
    this.#codec = options.codec;
  }

  get state(): RoomState {
    return this.#state;
  }
  /** The newest session. While reconnecting it is the lost one, whose pictures stay until another takes over. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** Joins once. Rejects with what went wrong; then the membership is closed. */
  async join(): Promise<void> {
    try {
      await this.#join();
    } catch (e) {
      this.close();
      throw e;
    }
  }

  /** The session as soon as the room is joined. Rejects with client.closed. */
  joined(): Promise<Session> {
    if (this.#live && this.#session) return Promise.resolve(this.#session);
    if (this.#state === 'closed') return Promise.reject(closed());
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** Publishes; when the session is lost meanwhile, the next one does. */
  async publish(p: LocalPublication): Promise<void> {
    for (;;) {
      const session = await this.joined();
      try {
        return await session.publish(p);
      } catch (e) {
        if (!isLost(e)) throw e;
      }
    }
  }

  /** Tells the current session something that the next one would say by itself. */
  async tell(say: (s: Session) => Promise<unknown>): Promise<void> {
    if (!this.#live || !this.#session) return;
    try {
      await say(this.#session);
    } catch (e) {
      if (!isLost(e) && this.#state !== 'closed') throw e;
    }
  }

  /** Leaves for good. */
  leave(): void {
    const session = this.#session;
    this.#session = undefined;
    session?.leave();
    this.close();
  }

  /** Ends everything; error says why, if it was not the application's wish. */
  close(error?: HeliographError): void {
    if (this.#state === 'closed') return;
    this.#live = false;
    this.#ended.abort(error ?? closed());
    this.#session?.close();
    this.#session = undefined;
    for (const w of this.#waiters.splice(0)) w.reject(error ?? closed());
    this.hooks.session(undefined);
    this.#setState('closed', error);
  }

  async #join(): Promise<void> {
    const { url, token, room, dynacast, iceTransportPolicy: policy } = this.options;
    const made: { session?: Session } = {};
    const current = () => made.session !== undefined && this.#session === made.session;
    const signal = this.#ended.signal;
    const params = {
      url, room, policy, dynacast, signal,
      token: Promise.resolve().then(() => (typeof token === 'string' ? token : token())),
      codec: this.#codec,
      publications: this.hooks.publications(),
      transcript: this.transcript,
    };
    made.session = await Session.join(params, {
      welcome: (w) => this.hooks.welcome(w),
      event: (m) => this.hooks.event(m),
      refused: (p) => this.hooks.refused(p),
      slots: () => current() && this.hooks.slots(),
      path: (path) => current() && this.#path(path),
      lost: (e) => current() && this.#lost(e),
    });
    this.#take(made.session);
  }

  /** The new session replaces the lost one. */
  #take(session: Session): void {
    const old = this.#session;
    this.#session = session;
    this.#codec = session.codec;
    this.#live = true;
    old?.close();
    this.hooks.session(session);
    this.hooks.slots();
    this.#setState('joined');
    for (const w of this.#waiters.splice(0)) w.resolve(session);
  }

  #path(path: PathState): void {
    if (this.#live) this.#setState(path === 'interrupted' ? 'reconnecting' : 'joined');
  }

  #lost(e: HeliographError): void {
    this.#live = false;
    if (isFinal(e)) return this.close(e);
    this.hooks.session(undefined);
    this.#setState('reconnecting', e);
    void this.#comeBack();
  }

  /** Tries for as long as the page lives. */
  async #comeBack(): Promise<void> {
    const signal = this.#ended.signal;
    for (let n = 0; !signal.aborted; n++) {
      try {
        await pause(backoff(n), signal);
        return await this.#join();
      } catch (e) {
        if (signal.aborted) return;
        this.transcript.add('!', `attempt ${n + 1}: ${e}`);
        if (isFinal(e)) return this.close(e);
      }
    }
  }

  #setState(state: RoomState, error?: HeliographError): void {
    if (this.#state === state) return;
    this.#state = state;
    this.hooks.state(state, error);
  }
}

const closed = () => new HeliographError('client.closed', 'The room was left.');

/** Whether coming back makes no sense: the server closed for good, or refused in a way that time does not mend. */
function isFinal(e: unknown): e is HeliographError {
  return e instanceof HeliographError && !e.retry && e.code !== 'client.negotiation';
}
