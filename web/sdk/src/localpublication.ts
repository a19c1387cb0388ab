// One track that this participant offers. It outlives sessions: each new session publishes it again.

import { videoCodecs } from './codecs.js';
import { planEncodings, type EncodingPlan } from './encodings.js';
import type { Kind, PublicationOffer, Source } from './protocol.js';
import { useTrack } from './sender.js';

/** How a track is published; what is left out has a default. */
export interface PublishOptions {
  /** Send the video in several sizes; true by default for cameras. */
  simulcast?: boolean;
  /** Bits per second of the largest encoding. */
  maxBitrate?: number;
  /** The layers of each video encoding, such as "L3T3_KEY" with vp9 or av1: more than one spatial layer takes the place of
   * simulcast. By default the browser's, and "L1T3" for simulcast of vp9 and av1. */
  scalabilityMode?: string;
  /** The video codec, by default the room's: "vp8", "vp9", "h264", "h265", "av1". */
  codec?: string;
  /** Sound: repeat each packet in the next one (RED), which makes up for single losses and doubles the rate. */
  redundant?: boolean;
  /** Publish muted: nothing is sent before unmute. */
  muted?: boolean;
}

/** Tells the encoder what a screen is: text that has to be sharp, and sound that is no speech. */
function hint(source: Source, track: MediaStreamTrack): void {
  if (track.contentHint !== '') return;
  if (source === 'screen') track.contentHint = 'detail';
  if (source === 'screen_audio') track.contentHint = 'music';
}

export class LocalPublication {
  readonly kind: Kind;
  readonly plan: EncodingPlan;
  readonly size: { width: number; height: number };
  readonly #elements = new Set<HTMLVideoElement>();
  #track: MediaStreamTrack;
  #stream: MediaStream;
  /** The id that the current session's server gave it. */
  id: string | undefined;
  muted: boolean;
  /** @internal The senders that carry it: one, or two while a new session takes over from a lost one. */
  readonly senders = new Set<RTCRtpSender>();

  constructor(
    readonly source: Source,
    track: MediaStreamTrack,
    /** Whether the SDK opened the device, and so closes it. */
    readonly owned: boolean,
    readonly options: PublishOptions,
  ) {
    this.kind = source === 'camera' || source === 'screen' ? 'video' : 'audio';
    this.#track = track;
    this.#stream = new MediaStream([track]);
    this.muted = options.muted ?? false;
    hint(source, track);
    const { width = 1280, height = 720 } = this.kind === 'video' ? track.getSettings() : {};
    this.size = { width, height };
    const bitrate = options.maxBitrate ?? (source === 'screen_audio' ? 128e3 : undefined);
    this.plan = planEncodings(source, this.size, options.simulcast ?? true, bitrate, options.scalabilityMode);
  }

  get track(): MediaStreamTrack {
    return this.#track;
  }

  /** What a sender is given: a muted video sends nothing at all. A muted microphone stays open, so that unmuting is
   * heard at once, and its silence costs next to nothing. */
  get sent(): MediaStreamTrack | null {
    return this.muted && this.kind === 'video' ? null : this.#track;
  }

  /** Shows the own picture in a video element. Returns a function that ends it. */
  attach(element: HTMLVideoElement): () => void {
    element.autoplay = element.playsInline = element.muted = true;
    this.#elements.add(element);
    element.srcObject = this.#stream;
    element.play().catch(() => undefined);
    return () => {
      if (!this.#elements.delete(element)) return;
      if (element.srcObject === this.#stream) element.srcObject = null;
    };
  }

  /** @internal Takes another track: another device, or the same one opened again. */
  async replace(track: MediaStreamTrack): Promise<void> {
    const old = this.#track;
    this.#track = track;
    track.enabled = this.kind === 'video' || !this.muted;
    this.#stream = new MediaStream([track]);
    for (const e of this.#elements) e.srcObject = this.#stream;
    await this.apply();
    if (this.owned && old !== track) old.stop();
  }

  /** @internal Brings the senders and the track in line with muted. */
  async apply(): Promise<void> {
    if (this.kind === 'audio') this.#track.enabled = !this.muted;
    await Promise.all([...this.senders].map((s) => useTrack(s, () => this.sent)));
  }

  /** @internal */
  close(): void {
    for (const e of this.#elements) if (e.srcObject === this.#stream) e.srcObject = null;
    this.#elements.clear();
    for (const s of this.senders) useTrack(s, () => null).catch(() => undefined);
    if (this.owned) this.#track.stop();
  }

  /** @internal What the server is told of it; the caller adds cid and mid. A server whose room wants another one of the
   * codecs does not make the publication, and it is published again. */
  describe(codec: string): Omit<PublicationOffer, 'cid' | 'mid'> {
    const offer: Omit<PublicationOffer, 'cid' | 'mid'> = { source: this.source, kind: this.kind, muted: this.muted };
    if (this.kind === 'video') Object.assign(offer, this.size, { codecs: this.#codecs(codec) });
    if (this.plan.offer.length > 0) offer.encodings = this.plan.offer;
    return offer;
  }

  #codecs(first: string): string[] {
    return this.options.codec ? [first] : [...new Set([first, ...videoCodecs()])];
  }
}
