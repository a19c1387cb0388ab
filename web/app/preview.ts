// The own camera and microphone before the call.

import { captureCamera, captureMicrophone, type LocalPublishOptions } from '../sdk/src/index.js';

/** What can be switched. */
export type PreviewSource = 'camera' | 'microphone';

/** Holds the tracks of the preview. Each source is opened and closed in the order of the clicks. */
export class Preview {
  readonly #tracks = new Map<PreviewSource, MediaStreamTrack>();
  readonly #ids: Record<PreviewSource, string>;
  #work: Promise<unknown> = Promise.resolve();
  #given = false;

  /** changed is called when a track came or went; failed when a device could not be opened. */
  constructor(
    ids: Record<PreviewSource, string>,
    private readonly changed: () => void,
    private readonly failed: (source: PreviewSource, e: unknown) => void,
  ) {
    this.#ids = { ...ids };
  }

  track(source: PreviewSource): MediaStreamTrack | undefined {
    return this.#tracks.get(source);
  }

  /** Opens or closes a source. */
  set(source: PreviewSource, on: boolean): Promise<void> {
    const work = this.#work.then(() => this.#set(source, on));
    this.#work = work.catch(() => undefined);
    return work;
  }

  /** Changes to another device. */
  async use(source: PreviewSource, deviceId: string): Promise<void> {
    this.#ids[source] = deviceId;
    if (!this.#tracks.has(source)) return;
    await this.set(source, false);
    await this.set(source, true);
  }

  async #set(source: PreviewSource, on: boolean): Promise<void> {
    if (this.#given || on === this.#tracks.has(source)) return;
    if (!on) {
      this.#tracks.get(source)?.stop();
      this.#tracks.delete(source);
      return this.changed();
    }
    try {
      this.#tracks.set(source, await this.#open(source));
    } catch (e) {
      this.failed(source, e);
    }
    this.changed();
  }

  /** Opens the remembered device, or another one if that is gone. */
  async #open(source: PreviewSource): Promise<MediaStreamTrack> {
    const capture = source === 'camera' ? captureCamera : captureMicrophone;
    const deviceId = this.#ids[source];
    if (deviceId === '') return capture({});
    return capture({ deviceId }).catch(() => capture({}));
  }

  /** Waits for what is being opened. */
  async ready(): Promise<void> {
    await this.#work;
  }

  /** Gives the tracks away to be published; the preview is over. */
  give(): { camera?: LocalPublishOptions; microphone?: LocalPublishOptions } {
    this.#given = true;
    const out: { camera?: LocalPublishOptions; microphone?: LocalPublishOptions } = {};
    for (const [source, track] of this.#tracks) {
      const deviceId = track.getSettings().deviceId;
      out[source] = deviceId ? { track, handOver: true, deviceId } : { track, handOver: true };
    }
    return out;
  }

  /** Closes all devices. */
  close(): void {
    if (this.#given) return;
    this.#given = true;
    for (const track of this.#tracks.values()) track.stop();
  }
}
