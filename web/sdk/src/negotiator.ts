// Offers, one at a time. The client always offers, so glare cannot happen.

import { pause } from './backoff.js';
import { HeliographError, isLost } from './errors.js';
import type { Lines, SendLine, SlotLine } from './lines.js';
import type { Answer, Offer } from './protocol.js';
import { addOpusNack, mids, setParameters, slim } from './sdp.js';
import { Serial } from './serial.js';

const tries = 4;

/** One change of the session description. */
export interface Negotiation<T> {
  /** Changes the transceivers; returns the lines that it added, so that a refused offer can take them back. */
  change(): (SendLine | SlotLine)[];
  /** Sends the offer and gives the answer and what else the response says. */
  send(offer: Offer): Promise<{ answer: Answer; result: T }>;
  iceRestart?: boolean;
  /** A refusal is final. */
  once?: boolean;
}

/** Makes offers and applies answers. An offer is set only when the server has agreed to it, so a refused one leaves the
 * RTCPeerConnection as it was; the queue keeps everything else away from it in between. */
export class Negotiator {
  readonly #queue = new Serial();
  #rev = 0;
  #closed = false;

  constructor(
    private readonly pc: RTCPeerConnection,
    private readonly lines: Lines,
  ) {}

  /** Runs one negotiation after those before it. Rejects with the server's code or client.negotiation. A request that
   * the server asks to repeat (a rate limit, a stale revision) is repeated with a new offer. */
  run<T>(n: Negotiation<T>): Promise<T> {
    return this.#queue.run(async () => {
      const added = n.change();
      try {
        return await this.#repeat(n);
      } catch (e) {
        if (!this.#closed) this.lines.drop(added);
        throw e;
      }
    });
  }

  close(): void {
    this.#closed = true;
  }

  async #repeat<T>(n: Negotiation<T>): Promise<T> {
    for (let left = tries - 1; ; left--) {
      const made = await this.#offer(n.iceRestart ?? false);
      let response: { answer: Answer; result: T };
      try {
        response = await n.send(made.offer);
      } catch (e) {
        const again = !n.once && left > 0 && !this.#closed && e instanceof HeliographError && e.retry && !isLost(e);
        if (!again) throw e;
        await pause(e.retryAfterMs || 200);
        continue;
      }
      await this.#apply(made, response.answer);
      return response.result;
    }
  }

  async #offer(iceRestart: boolean): Promise<RTCSessionDescriptionInit & { offer: Offer }> {
    const made = await this.pc.createOffer({ iceRestart });
    const sdp = addOpusNack(made.sdp ?? '');
    this.lines.name(mids(sdp));
    return { type: 'offer', sdp, offer: { rev: ++this.#rev, sdp: slim(sdp), slots: this.lines.slotOffers() } };
  }

  /** Sets an offer and the answer to it. */
  async #apply(made: RTCSessionDescriptionInit & { offer: Offer }, answer: Answer): Promise<void> {
    if (this.#closed) throw new HeliographError('client.lost', 'The connection was replaced.', { retry: true });
    if (answer.rev !== made.offer.rev) {
      throw new HeliographError('client.negotiation', `The answer is for offer ${answer.rev}, not ${made.offer.rev}.`);
    }
    try {
      await this.pc.setLocalDescription({ type: 'offer', sdp: made.sdp ?? '' });
      await this.pc.setRemoteDescription({ type: 'answer', sdp: this.#tune(answer.sdp) });
    } catch (e) {
      throw new HeliographError('client.negotiation', `The browser refused the session description: ${e}`, { cause: e });
    }
  }

  /** Format parameters in an answer tell the sender what the receiver prefers. Silence costs nothing with DTX; screen
   * sound is music. */
  #tune(sdp: string): string {
    const where = (test: (l: SendLine) => boolean) => (mid: string) => {
      const line = this.lines.byMid(mid);
      return line?.way === 'send' && test(line);
    };
    sdp = setParameters(sdp, 'opus', { useinbandfec: 1, usedtx: 1 }, where((l) => l.kind === 'audio' && l.source !== 'screen_audio'));
    sdp = setParameters(sdp, 'opus', { stereo: 1, 'sprop-stereo': 1 }, where((l) => l.source === 'screen_audio'));
    return sdp;
  }
}
