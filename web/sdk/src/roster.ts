// Who is in the room and what they publish, kept by the room's events.

import { RemoteParticipant, RemotePublication, type PublicationOwner } from './participant.js';
import type * as wire from './protocol.js';
import type { EventMessage } from './socket.js';

/** What the roster reports. */
export interface RosterHooks extends PublicationOwner {
  joined(p: RemoteParticipant): void;
  left(p: RemoteParticipant, reason: string): void;
  added(p: RemotePublication, of: RemoteParticipant): void;
  updated(p: RemotePublication, of: RemoteParticipant): void;
  removed(p: RemotePublication, of: RemoteParticipant): void;
}

/** All participants but the local one. Every change is reported once, whether it came as an event or was found by
 * comparing with a welcome. */
export class Roster {
  readonly #participants = new Map<string, RemoteParticipant>();
  #self = '';

  constructor(private readonly hooks: RosterHooks) {}

  /** The participants in the order in which they came. */
  all(): RemoteParticipant[] {
    return [...this.#participants.values()];
  }

  get(id: string): RemoteParticipant | undefined {
    return this.#participants.get(id);
  }

  /** All publications of all participants. */
  publications(): RemotePublication[] {
    return this.all().flatMap((p) => p.publications);
  }

  publication(id: string): RemotePublication | undefined {
    for (const p of this.#participants.values()) {
      const found = p.get(id);
      if (found) return found;
    }
    return undefined;
  }

  /** Takes an event of the room, if it is about who is there and what they publish; says whether it was. */
  event({ t, d }: EventMessage): boolean {
    switch (t) {
      case 'participant.joined':
        this.join((d as wire.ParticipantJoined).participant);
        return true;
      case 'participant.left':
        this.leave((d as wire.ParticipantLeft).participant, (d as wire.ParticipantLeft).reason);
        return true;
      case 'publication.added':
      case 'publication.updated':
        this.put((d as wire.PublicationAdded).publication);
        return true;
      case 'publication.removed':
        this.remove((d as wire.PublicationRemoved).publication);
        return true;
    }
    return false;
  }

  /** Takes the whole roster of a welcome; self is left out. */
  reset(participants: wire.Participant[], self: string): void {
    this.#self = self;
    const others = participants.filter((p) => p.id !== self);
    const ids = new Set(others.map((p) => p.id));
    for (const id of [...this.#participants.keys()]) if (!ids.has(id)) this.leave(id, 'lost');
    for (const p of others) this.join(p);
  }

  /** A participant came, or is known already and is brought up to date. */
  join(data: wire.Participant): void {
    if (data.id === this.#self) return;
    const known = this.#participants.get(data.id);
    if (!known) return this.#add(data);
    known.update(data);
    const ids = new Set(data.publications.map((x) => x.id));
    for (const old of known.publications) if (!ids.has(old.id)) this.remove(old.id);
    for (const x of data.publications) this.put(x);
  }

  /** Reports the participant when it has its publications, so that a listener finds them. */
  #add(data: wire.Participant): void {
    const p = new RemoteParticipant(data);
    this.#participants.set(data.id, p);
    for (const x of data.publications) p.add(new RemotePublication(x, this.hooks));
    this.hooks.joined(p);
    for (const x of p.publications) this.hooks.added(x, p);
  }

  /** A participant is gone, with all it published. */
  leave(id: string, reason: string): void {
    const p = this.#participants.get(id);
    if (!p) return;
    for (const x of p.publications) this.remove(x.id);
    this.#participants.delete(id);
    this.hooks.left(p, reason);
  }

  /** A publication was added or updated. */
  put(data: wire.Publication): void {
    const p = this.#participants.get(data.participant);
    if (!p) return;
    const known = p.get(data.id);
    if (known) {
      known.update(data);
      return this.hooks.updated(known, p);
    }
    const publication = new RemotePublication(data, this.hooks);
    p.add(publication);
    this.hooks.added(publication, p);
  }

  /** A publication ended. */
  remove(id: string): void {
    const publication = this.publication(id);
    if (!publication) return;
    const p = this.#participants.get(publication.participant) as RemoteParticipant;
    p.remove(id);
    this.hooks.removed(publication, p);
  }

  /** Takes the list of who speaks; those not in it are silent. */
  speak(speakers: wire.Speaker[]): void {
    const levels = new Map(speakers.map((s) => [s.participant, s.level]));
    for (const p of this.#participants.values()) p.level = levels.get(p.id) ?? 0;
  }
}
