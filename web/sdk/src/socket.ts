// The websocket: requests with their responses, events, keepalive. One Socket is one connection; it never comes back.

import { HeliographError } from './errors.js';
import type { Err, KeepaliveTimes } from './protocol.js';
import type { Transcript } from './transcript.js';

const subprotocol = 'heliograph.v1+json';
const openTimeoutMs = 8000;
const responseTimeoutMs = 12000;
const tickMs = 500;

/** An event as it came: t names its type, r and s number it in the room's and the session's log. */
export interface EventMessage {
  t: string;
  r?: number;
  s?: number;
  d?: unknown;
}

/** Who is told of what the socket receives. lost is called once, and nothing after it. */
export interface SocketHooks {
  event(message: EventMessage): void;
  lost(error: HeliographError): void;
}

interface Pending {
  resolve(d: unknown): void;
  reject(e: HeliographError): void;
  timer: ReturnType<typeof setTimeout>;
}

/** Close codes 4000 to 4099 do not come back. */
function closeError(code: number, reason: string): HeliographError {
  const text = reason || 'The connection to the server was lost.';
  if (code >= 4000 && code <= 4099) return new HeliographError('client.refused', text, { closeCode: code });
  return new HeliographError('client.lost', text, { closeCode: code, retry: true });
}

/** Makes the websocket's address from what the application gave: http and https become ws and wss, and an address
 * without a path gets the protocol's own. */
export function connectURL(url: string, base?: string): string {
  const u = new URL(url, base);
  if (u.protocol === 'http:') u.protocol = 'ws:';
  if (u.protocol === 'https:') u.protocol = 'wss:';
  if (u.pathname === '/' || u.pathname === '') u.pathname = '/v1/connect';
  u.hash = '';
  return u.href;
}

export class Socket {
  readonly #ws: WebSocket;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #seen = { r: 0, s: 0 };
  #acked = { r: 0, s: 0 };
  #heardAt = performance.now();
  #timer: ReturnType<typeof setInterval> | undefined;
  #ended = false;
  /** Round-trip time of the newest ping in milliseconds. */
  rtt: number | undefined;

  private constructor(
    ws: WebSocket,
    private readonly hooks: SocketHooks,
    private readonly transcript: Transcript,
  ) {
    this.#ws = ws;
    ws.onmessage = (e) => this.#receive(String(e.data));
    ws.onclose = (e) => this.#end(closeError(e.code, e.reason));
    globalThis.addEventListener?.('offline', this.#offline);
  }

  /** Opens a connection. Rejects with client.connect, or with the signal's reason. */
  static open(url: string, hooks: SocketHooks, transcript: Transcript, signal?: AbortSignal): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const ws = new WebSocket(url, subprotocol);
      const fail = (why: unknown) => {
        settle();
        ws.onclose = null;
        ws.close();
        reject(why);
      };
      const unreachable = () =>
        fail(new HeliographError('client.connect', `The server at ${new URL(url).host} cannot be reached.`, { retry: true }));
      const abort = () => fail(signal?.reason);
      const timer = setTimeout(unreachable, openTimeoutMs);
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        ws.onopen = ws.onerror = null;
      };
      ws.onerror = ws.onclose = unreachable;
      ws.onopen = () => {
        settle();
        resolve(new Socket(ws, hooks, transcript));
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort);
    });
  }

  /** Sends a request and settles as its response does: rejects with the server's code, client.timeout or client.lost. */
  request<T>(t: string, d: object): Promise<T> {
    if (this.#ended) return Promise.reject(closeError(1006, ''));
    const id = this.#nextId++;
    const a = this.#newAck();
    const message = a ? { t, id, d, a } : { t, id, d };
    if (t !== 'ping') this.transcript.add('>', message);
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new HeliographError('client.timeout', `The server did not answer ${t}.`, { retry: true }));
      }, responseTimeoutMs);
      this.#pending.set(id, { resolve: resolve as (d: unknown) => void, reject, timer });
      this.#ws.send(JSON.stringify(message));
    });
  }

  /** Pings from now on, and ends the connection when nothing is heard for deadMs. */
  keepalive(times: KeepaliveTimes): void {
    let tick = performance.now();
    let pinged = 0;
    this.#timer = setInterval(() => {
      const now = performance.now();
      // A timer that was itself held up (sleep, background) says nothing of the server: it gets one more period.
      if (now - tick > 4 * tickMs) this.#heardAt = Math.max(this.#heardAt, now - times.deadMs + times.pingMs);
      tick = now;
      if (now - this.#heardAt > times.deadMs) return this.#end(closeError(1006, 'The server went silent.'));
      if (now - pinged < times.pingMs) return;
      pinged = now;
      this.#ping(now);
    }, tickMs);
  }

  #ping(now: number): void {
    const measure = () => (this.rtt = performance.now() - now);
    this.request('ping', { n: Math.round(now) }).then(measure, () => undefined);
  }

  /** Starts the room's log at r: earlier events are part of what the caller has. */
  startLog(r: number): void {
    this.#seen.r = r;
  }

  /** Ends the connection without a call of lost; what waits for a response is rejected with the error. */
  close(error: HeliographError): void {
    this.#finish(error);
  }

  /** Drops the connection as a network would; the SDK then comes back. */
  drop(): void {
    this.#end(closeError(1006, 'The connection was dropped.'));
  }

  #offline = () => this.#end(closeError(1006, 'The network is down.'));

  #newAck(): [number, number] | undefined {
    const { r, s } = this.#seen;
    if (r === this.#acked.r && s === this.#acked.s) return undefined;
    this.#acked = { r, s };
    return [r, s];
  }

  #receive(text: string): void {
    if (this.#ended) return;
    this.#heardAt = performance.now();
    let m: EventMessage & { re?: number };
    try {
      m = JSON.parse(text);
    } catch {
      return this.transcript.add('!', `not JSON: ${text.slice(0, 100)}`);
    }
    if (m.re !== undefined) return this.#respond(m.re, m);
    this.transcript.add('<', m);
    if (this.#isRepeated(m)) return;
    this.hooks.event(m);
  }

  #respond(re: number, m: EventMessage): void {
    const pending = this.#pending.get(re);
    if (!pending) return;
    this.#pending.delete(re);
    clearTimeout(pending.timer);
    if (m.t === 'err') {
      this.transcript.add('<', m);
      const e = m.d as Err;
      return pending.reject(new HeliographError(e.code, e.msg, { retry: e.retry, retryAfterMs: e.retryAfterMs ?? 0 }));
    }
    if (m.d !== undefined && (m.d as { n?: unknown }).n === undefined) this.transcript.add('<', m);
    pending.resolve(m.d ?? {});
  }

  /** Events come at least once: one whose number was seen is dropped. */
  #isRepeated(m: EventMessage): boolean {
    for (const key of ['r', 's'] as const) {
      const n = m[key];
      if (n === undefined) continue;
      if (n <= this.#seen[key]) return true;
      this.#seen[key] = n;
    }
    return false;
  }

  #end(error: HeliographError): void {
    if (this.#ended) return;
    this.transcript.add('!', `${error.code}: ${error.message} (${error.closeCode ?? ''})`);
    this.#finish(error);
    this.hooks.lost(error);
  }

  #finish(error: HeliographError): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#timer);
    globalThis.removeEventListener?.('offline', this.#offline);
    this.#ws.onmessage = this.#ws.onclose = null;
    this.#ws.close();
    for (const p of this.#pending.values()) {
      clearTimeout(p.timer);
      p.reject(error);
    }
    this.#pending.clear();
  }
}
