// A place on the page where a publication's picture is shown. It knows how large it is and whether it can be seen.

/** What the application says of a tile. */
export interface AttachOptions {
  /** Higher is more important when there is not room or bandwidth for all; 0 if left out. */
  priority?: number;
  /** The most frames per second that are wanted. */
  fps?: number;
  /** The element whose size and visibility count, if not the video element itself. */
  measure?: Element;
}

/** The most device pixels for one CSS pixel that are asked for: more cannot be seen. */
const maxRatio = 2;

/** A page that is not painted (a background tab) never hears whether a tile can be seen; then its size decides. */
const knownAfterMs = 300;

/** When a picture is shown that the browser says nothing of: one of 15 a second has come by then. */
const revealAfterMs = 80;
/** When it is shown at the latest where the browser does tell its timestamps: on a busy machine pictures may take long to be painted, and until
 * then the element holds somebody else's. */
const revealAtLastMs = 1000;

/** Whether this browser tells the timestamps of pictures: known from the first one of any tile. */
let tellsTimestamps = false;

/** Whether an element has a size and a place in the window; what clips it is known later. */
function inView(box: DOMRect): boolean {
  const { clientWidth, clientHeight } = document.documentElement;
  return box.width > 0 && box.height > 0 && box.right > 0 && box.bottom > 0 && box.left < clientWidth && box.top < clientHeight;
}

export class Tile {
  width = 0;
  height = 0;
  visible = false;
  /** Whether the browser has said if the tile can be seen: a new element may not have its place yet. */
  known = false;
  priority: number;
  readonly fps: number | undefined;
  readonly #resize: ResizeObserver;
  readonly #intersection: IntersectionObserver;
  readonly #timer: ReturnType<typeof setTimeout>;
  #timeout: ReturnType<typeof setTimeout> | undefined;
  #live = true;
  #since: number | undefined;
  #watching = false;
  /** The RTP timestamp of the picture that the element shows, where the browser tells it. */
  #painted: number | 'unknown' | undefined;

  constructor(
    readonly element: HTMLVideoElement,
    options: AttachOptions,
    changed: () => void,
  ) {
    this.priority = options.priority ?? 0;
    this.fps = options.fps;
    element.autoplay = element.playsInline = element.muted = true;
    this.show(null, false);
    const measured = options.measure ?? element;
    this.#measure(measured.getBoundingClientRect());
    this.visible = this.known = inView(measured.getBoundingClientRect());
    this.#resize = new ResizeObserver(() => {
      if (this.#measure(measured.getBoundingClientRect())) changed();
    });
    this.#intersection = new IntersectionObserver((entries) => {
      const visible = entries[entries.length - 1]?.isIntersecting ?? false;
      if (this.known && visible === this.visible) return;
      this.visible = visible;
      this.known = true;
      changed();
    });
    this.#timer = setTimeout(() => {
      if (this.known) return;
      this.known = true;
      changed();
    }, knownAfterMs);
    this.#resize.observe(measured);
    this.#intersection.observe(measured);
  }

  /** Takes the stream of a slot, or none, and shows it or keeps it out of sight. An element that has its stream before
   * the picture is there shows it at once. since is the RTP timestamp from which on the picture is the right one; the
   * element may still hold an older one. */
  show(stream: MediaStream | null, live: boolean, since?: number): void {
    if (this.element.srcObject !== stream) {
      this.#painted = undefined;
      this.element.srcObject = stream;
      if (stream) this.element.play().catch(() => undefined); // a muted video may play; if it is taken off, so be it
    }
    if (live !== this.#live) {
      this.#live = live;
      this.#since = since;
      clearTimeout(this.#timeout);
      if (live) this.#timeout = setTimeout(() => this.#reveal(), this.#willTell ? revealAtLastMs : revealAfterMs);
      else this.element.style.opacity = '0';
      this.#tryReveal();
    }
    this.#watch();
  }

  /** Follows the pictures for as long as they are out of sight. */
  #watch(): void {
    if (this.#watching || this.#revealed || !this.element.srcObject || !this.element.requestVideoFrameCallback) return;
    this.#watching = true;
    this.element.requestVideoFrameCallback((_, frame) => {
      this.#watching = false;
      this.#painted = frame.rtpTimestamp ?? 'unknown';
      tellsTimestamps ||= frame.rtpTimestamp !== undefined;
      this.#tryReveal();
      this.#watch();
    });
  }

  /** Whether the timestamp of the next picture will be told: that of one before was, or, if there was none yet, of one in another tile. A tile
   * that takes over an element has seen none, and the element may go on with what it held for as long as a busy machine takes. */
  get #willTell(): boolean {
    return typeof this.#painted === 'number' || (this.#painted === undefined && tellsTimestamps);
  }

  get #revealed(): boolean {
    return this.element.style.opacity !== '0';
  }

  #tryReveal(): void {
    if (!this.#live || this.#revealed || typeof this.#painted !== 'number') return;
    if (this.#since === undefined || ((this.#painted - this.#since) | 0) >= 0) this.#reveal();
  }

  #reveal(): void {
    clearTimeout(this.#timeout);
    if (this.#live) this.element.style.opacity = '';
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#resize.disconnect();
    this.#intersection.disconnect();
    this.show(null, false);
    this.element.style.opacity = '';
  }

  #measure(box: { width: number; height: number }): boolean {
    const ratio = Math.min(globalThis.devicePixelRatio || 1, maxRatio);
    const width = Math.round(box.width * ratio);
    const height = Math.round(box.height * ratio);
    if (width === this.width && height === this.height) return false;
    this.width = width;
    this.height = height;
    return true;
  }
}
