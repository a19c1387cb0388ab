// Notices that nothing arrives any more, long before ICE does: that takes 6 s in Chromium and 9 s in Firefox.

const tickMs = 500;
const silentMs = 2000;

/** What the watch tells and asks. */
export interface SilenceHooks {
  /** Whether something has to arrive: pictures and sound, or the feedback to what is sent. */
  expects(): boolean;
  /** Nothing has come for two seconds. Called again for each further two seconds. */
  silent(): void;
  /** Something comes again. */
  heard(): void;
}

export class SilenceWatch {
  #timer: ReturnType<typeof setInterval> | undefined;
  #tickAt = 0;
  #heardAt = 0;
  #silent = false;
  #newest = 0; // timestamp of the newest RTP packet
  #bytes = 0; // that all candidate pairs have received

  constructor(
    private readonly pc: RTCPeerConnection,
    private readonly hooks: SilenceHooks,
  ) {}

  /** Watches from now on. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#tickAt = this.#heardAt = performance.now();
    this.#timer = setInterval(() => void this.#tick(), tickMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #tick(): Promise<void> {
    const now = performance.now();
    const asleep = now - this.#tickAt > 3 * tickMs; // the page itself was held up, which says nothing of the path
    this.#tickAt = now;
    const heard = this.#rtpCame() || (await this.#bytesCame());
    if (this.#timer === undefined) return;
    if (heard && this.#silent) {
      this.#silent = false;
      this.hooks.heard();
    }
    if (heard || asleep || !this.hooks.expects()) this.#heardAt = now;
    if (now - this.#heardAt < silentMs) return;
    this.#heardAt = now;
    this.#silent = true;
    this.hooks.silent();
  }

  /** Costs next to nothing, so it is asked first. */
  #rtpCame(): boolean {
    let newest = 0;
    for (const r of this.pc.getReceivers()) {
      for (const s of r.getSynchronizationSources()) newest = Math.max(newest, s.timestamp);
    }
    const came = newest > this.#newest;
    this.#newest = newest;
    return came;
  }

  /** Reports and feedback come too when there is no RTP: each second at least while anything is live. */
  async #bytesCame(): Promise<boolean> {
    let bytes = 0;
    (await this.pc.getStats()).forEach((s: { type: string; bytesReceived?: number }) => {
      if (s.type === 'candidate-pair') bytes += s.bytesReceived ?? 0;
    });
    const came = bytes > this.#bytes;
    this.#bytes = bytes;
    return came;
  }
}
