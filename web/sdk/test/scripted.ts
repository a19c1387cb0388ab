// A websocket whose server is the test.

import { HeliographError } from '../src/errors.js';
import { Socket, type EventMessage } from '../src/socket.js';
import { Transcript } from '../src/transcript.js';

/** Stands for the browser's WebSocket. */
export class ScriptedSocket {
  static last: ScriptedSocket;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  onclose: ((e: { code: number; reason: string }) => void) | null = null;
  onmessage: ((e: { data: string }) => void) | null = null;
  readonly sent: { t: string; id: number; d: unknown; a?: number[] }[] = [];
  closed = false;

  constructor(
    readonly url: string,
    readonly subprotocol: string,
  ) {
    ScriptedSocket.last = this;
    queueMicrotask(() => this.onopen?.());
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.closed = true;
  }
  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

/** Opens a Socket to a scripted server. */
export async function open() {
  (globalThis as { WebSocket: unknown }).WebSocket = ScriptedSocket;
  const events: EventMessage[] = [];
  const lost: HeliographError[] = [];
  const hooks = { event: (m: EventMessage) => events.push(m), lost: (e: HeliographError) => lost.push(e) };
  const transcript = new Transcript();
  const socket = await Socket.open('ws://sfu.test/v1/connect', hooks, transcript);
  return { socket, server: ScriptedSocket.last, events, lost, transcript };
}
