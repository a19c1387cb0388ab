// The stage: the tiles of everybody and their places.

import type { AnyParticipant, Room } from '../sdk/src/index.js';
import { h } from './dom.js';
import { Face, type FaceKind } from './face.js';
import { layout } from './layout.js';
import { order } from './order.js';

export class Stage {
  readonly element = h('section', { className: 'stage', attrs: { 'aria-label': 'Pictures', 'data-testid': 'stage' } });
  readonly #more = h('p', { className: 'more', hidden: true });
  readonly #empty: HTMLElement;
  readonly #faces = new Map<string, Face>();
  readonly #resize = new ResizeObserver(() => this.#arrange());
  #limit = Infinity;

  /** empty is shown while nobody else is in the room. */
  constructor(
    private readonly room: Room,
    empty: HTMLElement,
  ) {
    this.#empty = empty;
    this.element.append(this.#more, empty);
    this.#resize.observe(this.element);
    this.#put(room.local, 'person');
  }

  /** Brings the tiles of a participant in line with what it publishes. */
  update(p: AnyParticipant): void {
    const person = this.#put(p, 'person');
    const screen = p.screen && this.#put(p, 'screen');
    if (!screen) this.#drop(`${p.id}/screen`);
    this.#arrange(); // first, so that what is asked of the server has the right size
    person.use(p.camera);
    screen?.use(p.screen);
  }

  /** Takes the tiles of a participant away. */
  remove(p: AnyParticipant): void {
    this.#drop(`${p.id}/camera`);
    this.#drop(`${p.id}/screen`);
    this.#arrange();
  }

  /** Marks who speaks. */
  speakers(ids: Set<string>): void {
    let moved = false;
    for (const face of this.#faces.values()) {
      if (face.kind === 'person' && ids.has(face.participant.id)) {
        face.spokeAt = performance.now();
        moved ||= face.element.hidden !== false;
      }
      face.update();
    }
    if (moved) this.#arrange();
  }

  /** All tiles, for the statistics. */
  faces(): Iterable<Face> {
    return this.#faces.values();
  }

  close(): void {
    this.#resize.disconnect();
    for (const face of this.#faces.values()) face.close();
    this.#faces.clear();
  }

  /** The own id is known only when the room is joined, and new after each join. */
  #put(p: AnyParticipant, kind: FaceKind): Face {
    const id = `${p.id}/${kind === 'person' ? 'camera' : 'screen'}`;
    let face = this.#faces.get(id);
    if (face) return face;
    if (p.isLocal) {
      for (const old of [...this.#faces.values()]) if (old.self && old.kind === kind) this.#drop(old.id);
    }
    face = new Face(p, kind, { pin: (f) => this.#pin(f) });
    this.#faces.set(id, face);
    this.element.append(face.element);
    return face;
  }

  #drop(id: string): void {
    this.#faces.get(id)?.close();
    this.#faces.delete(id);
  }

  #pin(face: Face): void {
    const pinned = !face.pinned;
    for (const f of this.#faces.values()) f.setPinned(false);
    face.setPinned(pinned);
    this.#arrange();
  }

  #arrange(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    const alone = this.room.participants.length === 0;
    this.#empty.hidden = !alone;
    const faces = [...this.#faces.values()];
    const focused = faces.filter((f) => f.focus).length;
    const places = layout(faces.length + (alone ? 1 : 0), focused, width, height);
    this.#limit = faces.length - places.hidden;
    order(faces, this.#limit).forEach((face, i) => face.place(places.rects[i], focused === 0 && faces.length <= 4));
    if (alone) this.#placeEmpty(places.rects[faces.length]);
    this.#more.hidden = places.hidden === 0;
    this.#more.textContent = `+${places.hidden}`;
    this.#more.title = `${places.hidden} more are in the room`;
  }

  #placeEmpty(rect: { left: number; top: number; width: number; height: number } | undefined): void {
    this.#empty.hidden = rect === undefined;
    if (!rect) return;
    const style = this.#empty.style;
    style.transform = `translate(${rect.left}px, ${rect.top}px)`;
    style.width = `${rect.width}px`;
    style.height = `${rect.height}px`;
  }
}
