// What this participant wants to see, as the protocol says it.

import type { ViewItem } from './protocol.js';

/** One tile's wish. */
export interface Wish {
  publication: string;
  width: number;
  height: number;
  visible: boolean;
  priority: number;
  fps: number | undefined;
}

/** The wish of a tile that shows a publication. */
export function wish(publication: string, t: Omit<Wish, 'publication'>): Wish {
  const { width, height, visible, priority, fps } = t;
  return { publication, width, height, visible, priority, fps };
}

/** Sizes are rounded up to this many pixels, so that a dragged window edge is not a message per frame. */
const grain = 16;

const roundUp = (n: number) => Math.ceil(n / grain) * grain;

/** Builds the items of a view: one for each publication with a visible tile, at the size of its largest tile, the most
 * important first and the larger before the smaller. */
export function buildView(wishes: Iterable<Wish>): ViewItem[] {
  const items = new Map<string, ViewItem & { width: number; height: number; priority: number }>();
  for (const w of wishes) {
    if (!w.visible || w.width === 0 || w.height === 0) continue;
    const item = items.get(w.publication) ?? { publication: w.publication, width: 0, height: 0, priority: w.priority };
    item.width = Math.max(item.width, roundUp(w.width));
    item.height = Math.max(item.height, roundUp(w.height));
    item.priority = Math.max(item.priority, w.priority);
    if (w.fps !== undefined) item.fps = Math.max(item.fps ?? 0, w.fps);
    items.set(w.publication, item);
  }
  const area = (i: { width: number; height: number }) => i.width * i.height;
  return [...items.values()].sort((a, b) => b.priority - a.priority || area(b) - area(a));
}

/** The shortest time between two views, in milliseconds. A change after a rest goes at once, those after it are gathered. */
const gatherMs = 100;

/** Sends the view when it changes. Before the first tile there is no view: the server then shows the newest. */
export class ViewSender {
  #rev = 0;
  #sent: string | undefined;
  #wanted = false;
  #open = false;
  #sentAt = -gatherMs;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** send is given each new view; build is asked for the current one, and gives none while that is not known. */
  constructor(
    private readonly build: () => ViewItem[] | undefined,
    private readonly send: (rev: number, items: ViewItem[]) => void,
  ) {}

  /** A new session knows nothing yet: what is wanted is sent to it. */
  open(): void {
    this.#open = true;
    this.#rev = 0;
    this.#sent = undefined;
    this.#sentAt = -gatherMs;
    this.refresh();
  }

  /** Something that the view is built from has changed. */
  changed(): void {
    this.#wanted = true;
    if (!this.#open) return;
    this.#timer ??= setTimeout(() => this.#flush(), Math.max(0, this.#sentAt + gatherMs - performance.now()));
  }

  /** The page was hidden or is seen again; that alone is no wish for a view. */
  refresh(): void {
    if (this.#wanted) this.changed();
  }

  /** There is no session to send to. */
  close(): void {
    this.#open = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #flush(): void {
    this.#timer = undefined;
    const items = this.build();
    if (!items) return;
    const text = JSON.stringify(items);
    if (text === this.#sent) return;
    this.#sent = text;
    this.#sentAt = performance.now();
    this.send(++this.#rev, items);
  }
}
