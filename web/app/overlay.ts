// The statistics over the tiles.

import type { Room, RoomStats } from '../sdk/src/index.js';
import { h } from './dom.js';
import type { Face } from './face.js';
import { localFigures, networkFigures, remoteFigures } from './figures.js';
import type { Stage } from './stage.js';

const everyMs = 1000;
const firstMs = 300;

export class Overlay {
  /** The figures of the whole call, above the tiles. */
  readonly element = h('p', { className: 'network-figures', hidden: true, attrs: { 'data-testid': 'network' } });
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly room: Room,
    private readonly stage: Stage,
  ) {}

  get shown(): boolean {
    return this.#timer !== undefined;
  }

  /** Shows or hides the figures. */
  toggle(): void {
    if (this.shown) return this.close();
    this.#timer = setInterval(() => void this.#draw(), everyMs);
    void this.room.stats(); // figures are differences: the second reading is the first that says anything
    setTimeout(() => void this.#draw(), firstMs);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const face of this.stage.faces()) face.figures('');
    this.element.hidden = true;
  }

  async #draw(): Promise<void> {
    if (!this.shown) return;
    const stats = await this.room.stats();
    if (!this.shown) return;
    for (const face of this.stage.faces()) face.figures(text(face, stats));
    this.element.hidden = stats.network === undefined;
    this.element.textContent = stats.network ? networkFigures(stats.network) : '';
  }
}

function text(face: Face, stats: RoomStats): string {
  const screen = face.kind === 'screen';
  if (face.self) {
    return localFigures(stats.local.filter((p) => p.source.startsWith('screen') === screen), stats.path);
  }
  const of = (source: string) => stats.tiles.find((t) => t.participant === face.participant.id && t.source === source);
  return screen
    ? remoteFigures(of('screen'), of('screen_audio'), stats.path)
    : remoteFigures(of('camera'), of('microphone'), stats.path);
}
