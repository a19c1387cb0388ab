// The list of who is in the room.

import type { AnyParticipant, Room } from '../sdk/src/index.js';
import { initials, skyOf } from './avatar.js';
import { h, icon } from './dom.js';

export class People {
  readonly element: HTMLElement;
  readonly #list = h('ul', { className: 'people', attrs: { 'data-testid': 'people' } });

  constructor(
    private readonly room: Room,
    invite: HTMLElement,
  ) {
    this.element = h('div', { className: 'people-panel' }, this.#list, invite);
  }

  /** Draws the list anew: it is short, and changes seldom. */
  update(): void {
    this.#list.replaceChildren(...[this.room.local, ...this.room.participants].map((p) => this.#row(p)));
  }

  #row(p: AnyParticipant): HTMLElement {
    const microphone = p.microphone && !p.microphone.muted;
    const camera = p.camera && !p.camera.muted;
    const states = [microphone ? 'microphone on' : 'microphone off', camera ? 'camera on' : 'camera off'];
    if (p.screen) states.push('shares the screen');
    return h(
      'li',
      { className: 'person-row', attrs: { 'data-testid': 'person', 'data-participant': p.id } },
      h('span', { className: `avatar small sky-${skyOf(p.identity)}`, attrs: { 'aria-hidden': 'true' }, textContent: initials(p.name) }),
      h('span', { className: 'person-name', textContent: p.isLocal ? `${p.name} (you)` : p.name }),
      h('span', { className: 'visually-hidden', textContent: states.join(', ') }),
      p.screen ? icon('screen') : null,
      icon(camera ? 'camera' : 'cameraOff'),
      icon(microphone ? 'mic' : 'micOff'),
    );
  }
}
