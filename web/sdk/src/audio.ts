// The sound of the room: one hidden audio element for each audio slot. Browsers decode remote audio only when an element
// plays it, and let an element play only after a gesture of the user, so the pool is made inside that gesture.

const initial = 3;

export class AudioPool {
  readonly #free: HTMLAudioElement[] = [];
  readonly #used = new Map<MediaStreamTrack, HTMLAudioElement>();
  #sink = '';
  #blocked = false;

  /** blocked is called when the browser refuses to play before a gesture, and when it no longer does. */
  constructor(private readonly blockedChanged: (blocked: boolean) => void) {
    for (let i = 0; i < initial; i++) this.#free.push(this.#make());
  }

  /** Whether sound waits for a gesture of the user; then call start inside one. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** Plays these tracks and no others. */
  set(tracks: Iterable<MediaStreamTrack>): void {
    const wanted = new Set(tracks);
    for (const [track, element] of this.#used) {
      if (wanted.has(track)) continue;
      element.srcObject = null;
      this.#used.delete(track);
      this.#free.push(element);
    }
    for (const track of wanted) {
      if (this.#used.has(track)) continue;
      const element = this.#free.pop() ?? this.#make();
      element.srcObject = new MediaStream([track]);
      this.#used.set(track, element);
      void this.#play(element);
    }
  }

  /** Plays what was blocked. Call it inside a gesture. */
  async start(): Promise<void> {
    await Promise.all([...this.#used.values()].map((e) => this.#play(e)));
  }

  /** Plays through this output device; the empty string is the system's own choice. */
  async setSink(deviceId: string): Promise<void> {
    this.#sink = deviceId;
    await Promise.all([...this.#free, ...this.#used.values()].map((e) => e.setSinkId?.(deviceId)));
  }

  close(): void {
    this.set([]);
  }

  #make(): HTMLAudioElement {
    const element = new Audio();
    element.autoplay = true;
    if (this.#sink !== '') void element.setSinkId?.(this.#sink).catch(() => undefined);
    return element;
  }

  async #play(element: HTMLAudioElement): Promise<void> {
    try {
      await element.play();
      this.#setBlocked(false);
    } catch (e) {
      if (e instanceof DOMException && e.name === 'NotAllowedError') this.#setBlocked(true);
    }
  }

  #setBlocked(blocked: boolean): void {
    if (this.#blocked === blocked) return;
    this.#blocked = blocked;
    this.blockedChanged(blocked);
  }
}
