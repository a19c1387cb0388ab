// The own participant: what it publishes, and the devices behind it.

import { captureCamera, captureMicrophone, captureScreen, type CaptureOptions } from './capture.js';
import { HeliographError } from './errors.js';
import { LocalPublication, type PublishOptions } from './localpublication.js';
import type { Source } from './protocol.js';
import { abortable, Serial } from './serial.js';

/** What can be published by name; screen brings its sound with it. */
export type PublishSource = 'camera' | 'microphone' | 'screen';

/** Options of publish. */
export interface LocalPublishOptions extends CaptureOptions, PublishOptions {
  /** A track of the application's own instead of a device. */
  track?: MediaStreamTrack;
  /** Hands the track's device over: the SDK closes it on mute and opens deviceId again on unmute. */
  handOver?: boolean;
  /** Ends the wait. A device that opens after that is closed again. */
  signal?: AbortSignal;
}

/** What the local participant needs of its room. */
export interface LocalHooks {
  /** Settles when the server has the publication, in this session or the next. */
  publish(p: LocalPublication): Promise<void>;
  unpublish(p: LocalPublication): Promise<void>;
  update(p: LocalPublication): Promise<void>;
  /** A publication came, went, or was muted or unmuted. */
  changed(p: LocalPublication): void;
  /** A device or the browser ended a track. */
  ended(p: LocalPublication): void;
}

export class LocalParticipant {
  readonly isLocal = true;
  id = '';
  identity = '';
  name = '';
  level = 0;
  readonly #publications = new Map<Source, LocalPublication>();
  readonly #capture = new Map<Source, CaptureOptions>();
  readonly #queues = new Map<PublishSource, Serial>();

  constructor(private readonly hooks: LocalHooks) {}

  get speaking(): boolean {
    return this.level > 0;
  }
  get publications(): LocalPublication[] {
    return [...this.#publications.values()];
  }
  get camera(): LocalPublication | undefined {
    return this.#publications.get('camera');
  }
  get microphone(): LocalPublication | undefined {
    return this.#publications.get('microphone');
  }
  get screen(): LocalPublication | undefined {
    return this.#publications.get('screen');
  }
  get screenAudio(): LocalPublication | undefined {
    return this.#publications.get('screen_audio');
  }

  /** Publishes a device or a track. Settles when the server agreed; if the source is published already, with what there
   * is. Calls for one source are done in their order. Rejects with the server's code (forbidden.publish), with
   * client.denied, missing, busy, insecure, or with the signal's reason. */
  publish(source: PublishSource, options: LocalPublishOptions = {}): Promise<LocalPublication> {
    return this.#serial(source, async () => {
      const present = this.#publications.get(source);
      if (present) return present;
      options.signal?.throwIfAborted();
      const opened = await this.open(source, options);
      return this.#announce(opened, options.signal);
    });
  }

  /** @internal Opens what publish publishes; the room uses it before it joins. */
  async open(source: PublishSource, options: LocalPublishOptions): Promise<LocalPublication[]> {
    const made = await this.#tracks(source, options);
    if (options.signal?.aborted) {
      for (const p of made) p.close();
      throw options.signal.reason;
    }
    for (const p of made) this.#add(p);
    this.#capture.set(source, options);
    return made;
  }

  async #tracks(source: PublishSource, options: LocalPublishOptions): Promise<LocalPublication[]> {
    const make = (s: Source, track: MediaStreamTrack, owned: boolean) => new LocalPublication(s, track, owned, options);
    if (options.track) return [make(source, options.track, options.handOver ?? false)];
    if (source === 'camera') return [make(source, await captureCamera(options), true)];
    if (source === 'microphone') return [make(source, await captureMicrophone(options), true)];
    const { video, audio } = await captureScreen(options);
    return audio ? [make('screen', video, true), make('screen_audio', audio, true)] : [make('screen', video, true)];
  }

  async #announce(made: LocalPublication[], signal?: AbortSignal): Promise<LocalPublication> {
    try {
      for (const p of made) await abortable(this.hooks.publish(p), signal);
    } catch (e) {
      for (const p of made) await this.#take(p).catch(() => undefined);
      throw e;
    }
    return made[0] as LocalPublication;
  }

  #add(p: LocalPublication): void {
    void p.apply();
    this.#publications.set(p.source, p);
    this.#listen(p);
    this.hooks.changed(p);
  }

  #listen(p: LocalPublication): void {
    const track = p.track;
    track.addEventListener('ended', () => {
      if (this.#publications.get(p.source) === p && p.track === track) this.hooks.ended(p);
    });
  }

  /** Stops publishing and closes the device. Settles when the server agreed; at once if nothing is published. */
  unpublish(source: PublishSource): Promise<void> {
    return this.#serial(source, async () => {
      const sources: Source[] = source === 'screen' ? ['screen_audio', 'screen'] : [source];
      for (const s of sources) {
        const p = this.#publications.get(s);
        if (p) await this.#take(p);
      }
    });
  }

  async #take(p: LocalPublication): Promise<void> {
    this.discard(p);
    await this.hooks.unpublish(p);
  }

  /** @internal Forgets a publication that the server does not have. */
  discard(p: LocalPublication): void {
    if (this.#publications.get(p.source) !== p) return;
    this.#publications.delete(p.source);
    p.close();
    this.hooks.changed(p);
  }

  /** Sends nothing from now on; a camera that the SDK opened is closed, so that its light goes out. Media stops before
   * the server is told. Settles when the server agreed. */
  mute(source: PublishSource): Promise<void> {
    return this.#serial(source, async () => {
      const p = this.#publications.get(source);
      if (!p || p.muted) return;
      p.muted = true;
      await p.apply();
      if (p.owned && p.source === 'camera') p.track.stop();
      this.hooks.changed(p);
      await this.hooks.update(p);
    });
  }

  /** Ends mute. Opens the camera again, and rejects if that fails. */
  unmute(source: PublishSource): Promise<void> {
    return this.#serial(source, async () => {
      const p = this.#publications.get(source);
      if (!p || !p.muted) return;
      const track = p.owned && p.track.readyState === 'ended' ? await this.#reopen(source) : undefined;
      p.muted = false;
      await (track ? this.#exchange(p, track) : p.apply());
      this.hooks.changed(p);
      await this.hooks.update(p);
    });
  }

  /** Changes to another device or to another track without a negotiation. A muted source takes the device when it is
   * unmuted. */
  use(source: 'camera' | 'microphone', device: string | MediaStreamTrack): Promise<void> {
    return this.#serial(source, async () => {
      const p = this.#publications.get(source);
      if (!p) throw new HeliographError('client.missing', `No ${source} is published.`);
      if (typeof device !== 'string') return this.#exchange(p, device);
      this.#capture.set(source, { ...this.#capture.get(source), deviceId: device });
      if (p.muted && source === 'camera') return;
      // Many systems open a device once only: the old one is closed first.
      if (p.owned) p.track.stop();
      await this.#exchange(p, await this.#reopen(source));
    });
  }

  #reopen(source: PublishSource): Promise<MediaStreamTrack> {
    const { track: _, signal: __, ...options } = (this.#capture.get(source) ?? {}) as LocalPublishOptions;
    return source === 'camera' ? captureCamera(options) : captureMicrophone(options);
  }

  async #exchange(p: LocalPublication, track: MediaStreamTrack): Promise<void> {
    await p.replace(track);
    this.#listen(p);
    this.hooks.changed(p);
  }

  /** @internal Closes all devices. */
  close(): void {
    for (const p of this.publications) this.discard(p);
  }

  #serial<T>(source: PublishSource, job: () => Promise<T>): Promise<T> {
    let queue = this.#queues.get(source);
    if (!queue) this.#queues.set(source, (queue = new Serial()));
    return queue.run(job);
  }
}
