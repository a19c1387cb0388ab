// The events of a room.

import type { HeliographError } from './errors.js';
import type { LocalParticipant } from './local.js';
import type { LocalPublication } from './localpublication.js';
import type { RoomState } from './membership.js';
import type { RemoteParticipant, RemotePublication } from './participant.js';
import type { Network } from './protocol.js';

/** Anybody in the room. */
export type AnyParticipant = RemoteParticipant | LocalParticipant;

/** A message from the room. */
export interface RoomMessage {
  topic: string;
  /** Undefined if the sender has left, or if the server speaks. */
  from: AnyParticipant | undefined;
  /** When the server took it: Unix time in milliseconds. */
  at: number;
  body: unknown;
}

/** The events of a room with their listeners. */
export interface RoomEvents {
  /** The state changed; error says why the room is closed or reconnecting. */
  state(state: RoomState, error?: HeliographError): void;
  /** A participant is in the room. A new listener is called for those who are there already. */
  participant(p: RemoteParticipant): void;
  /** A participant is gone: "left", "lost", "replaced" or "closed". */
  left(p: RemoteParticipant, reason: string): void;
  /** A participant publishes something. A new listener is called for what is there already. */
  publication(p: RemotePublication, of: RemoteParticipant): void;
  /** A publication was muted or unmuted, or changed its size. */
  updated(p: RemotePublication, of: RemoteParticipant): void;
  /** A publication ended. */
  unpublished(p: RemotePublication, of: RemoteParticipant): void;
  /** What is seen of a publication changed: see its state. */
  shown(p: RemotePublication): void;
  /** What the server knows of the way to here: what it carries, what is sent, and why it is not more. */
  network(n: Network): void;
  /** Who speaks, the loudest first. */
  speakers(list: { participant: AnyParticipant; level: number }[]): void;
  /** Application data. */
  message(m: RoomMessage): void;
  /** An own publication came or went, was muted or unmuted, or changed its device. */
  local(p: LocalPublication): void;
  /** An own publication ended by itself: its device is gone, or the user stopped the screen share in the browser. */
  ended(p: LocalPublication): void;
  /** Sound waits for a gesture of the user, in which startAudio is to be called; or no longer does. */
  autoplay(blocked: boolean): void;
  /** Something failed that no call is waiting for. */
  error(e: HeliographError): void;
}
