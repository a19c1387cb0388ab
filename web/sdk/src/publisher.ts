// What a session publishes: which m-line carries it, and what the server knows of it.

import type { SendLine } from './lines.js';
import type { LocalPublication } from './localpublication.js';
import type * as wire from './protocol.js';
import { useEncodings, useTrack } from './sender.js';
import type { Transport } from './transport.js';

/** What the server knows of a local publication. */
interface Bound {
  cid: string;
  id: string; // empty: the server does not have it yet
  line: SendLine;
  told: { muted: boolean };
  asleep: boolean; // nobody gets any of it
}

export class Publisher {
  readonly #bound = new Map<LocalPublication, Bound>();

  /** codec gives the room's primary video codec; request sends a request of the session. */
  constructor(
    private readonly transport: Transport,
    private readonly codec: () => string,
    private readonly request: <T>(t: string, d: object) => Promise<T>,
  ) {}

  /** Adds what hello is to publish to the first offer. */
  prepare(publications: LocalPublication[]): void {
    for (const p of publications) this.#take(p);
  }

  /** What hello says of it. */
  offers(): wire.PublicationOffer[] {
    return [...this.#bound].map(([p, bound]) => this.#describe(p, bound));
  }

  /** Takes what the server has made of hello's publications; returns the refused ones. */
  confirm(made: wire.Published[]): LocalPublication[] {
    const refused: LocalPublication[] = [];
    for (const [p, bound] of [...this.#bound]) {
      const found = made.find((x) => x.cid === bound.cid);
      if (found) this.#settle(p, bound, found.publication);
      else {
        this.#release(p, bound);
        refused.push(p);
      }
    }
    return refused;
  }

  /** Tells what has changed since hello was sent. */
  async catchUp(): Promise<void> {
    await Promise.all([...this.#bound.keys()].map((p) => this.update(p)));
  }

  /** Whether the server gets media of a publication now. */
  get sends(): boolean {
    return [...this.#bound].some(([p, bound]) => bound.id !== '' && !p.muted && !bound.asleep);
  }

  /** The m-line that carries a publication. */
  midOf(p: LocalPublication): string | undefined {
    return this.#bound.get(p)?.line.mid;
  }

  /** Publishes one track: the offer and the request are one round trip. Rejects with the server's code. */
  async publish(p: LocalPublication): Promise<void> {
    if (this.#bound.get(p)?.id) return;
    let bound: Bound | undefined;
    try {
      const ok = await this.transport.negotiator.run({
        change: () => {
          bound = this.#take(p);
          return bound.line.mid === undefined ? [bound.line] : [];
        },
        send: async (offer) => {
          const request: wire.Publish = { ...this.#describe(p, bound as Bound), ...offer };
          const ok = await this.request<wire.PublishOk>('publish', request);
          return { answer: ok.answer, result: ok };
        },
      });
      this.#settle(p, bound as Bound, ok.publication);
    } catch (e) {
      if (bound) this.#release(p, bound);
      throw e;
    }
    await p.apply();
    await this.update(p);
  }

  /** Ends a publication. Its m-line is kept for the next one of its kind. */
  async unpublish(p: LocalPublication): Promise<void> {
    const bound = this.#bound.get(p);
    if (!bound) return;
    this.#release(p, bound);
    if (bound.id !== '') await this.request('unpublish', { publication: bound.id } satisfies wire.Unpublish);
  }

  /** Tells the server whether the publication is muted, if it does not know. */
  async update(p: LocalPublication): Promise<void> {
    const bound = this.#bound.get(p);
    if (!bound || bound.id === '' || bound.told.muted === p.muted) return;
    const { muted } = p;
    bound.told.muted = muted;
    try {
      await this.request('publication.update', { publication: bound.id, muted } satisfies wire.PublicationUpdate);
    } catch (e) {
      bound.told.muted = !muted;
      throw e;
    }
  }

  /** Sends the encodings that the server asks for, as far as the browser can. */
  async obey({ publication, encodings }: wire.PublicationEncodings): Promise<void> {
    const bound = [...this.#bound.values()].find((b) => b.id === publication);
    if (!bound) return;
    const active = new Map(encodings.map((e) => [e.rid ?? '', e.active]));
    bound.asleep = !encodings.some((e) => e.active);
    await useEncodings(bound.line.transceiver.sender, (rid) => active.get(rid) ?? true);
  }

  /** Lets go of everything: the session is over. */
  close(): void {
    for (const [p, bound] of this.#bound) this.#unbind(p, bound);
    this.#bound.clear();
  }

  #codecOf(p: LocalPublication): string {
    if (p.kind === 'audio') return p.options.redundant ? 'red' : 'opus';
    return p.options.codec ?? this.codec();
  }

  #take(p: LocalPublication): Bound {
    const { source, kind, plan } = p;
    const { line, added } = this.transport.lines.take({ source, kind, plan, track: p.sent, codec: this.#codecOf(p) });
    const bound: Bound = { cid: randomId(), id: '', line, told: { muted: p.muted }, asleep: false };
    this.#bound.set(p, bound);
    p.senders.add(line.transceiver.sender);
    if (!added) {
      void p.apply().catch(() => undefined);
      useEncodings(line.transceiver.sender, () => true).catch(() => undefined); // the publication before may have slept
    }
    return bound;
  }

  #describe(p: LocalPublication, bound: Bound): wire.PublicationOffer {
    bound.told.muted = p.muted;
    return { cid: bound.cid, mid: bound.line.mid ?? '', ...p.describe(this.#codecOf(p)) };
  }

  #settle(p: LocalPublication, bound: Bound, id: string): void {
    bound.id = id;
    p.id = id;
  }

  #release(p: LocalPublication, bound: Bound): void {
    this.#unbind(p, bound);
    this.#bound.delete(p);
    bound.line.source = undefined;
    useTrack(bound.line.transceiver.sender, () => null).catch(() => undefined);
  }

  #unbind(p: LocalPublication, bound: Bound): void {
    p.senders.delete(bound.line.transceiver.sender);
    if (p.id === bound.id) p.id = undefined; // else a newer session has named it
  }
}

/** Names a publication for the time until the server has named it. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}
