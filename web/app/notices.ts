// Short messages that come and go, and the banner of the connection.

import { h, icon } from './dom.js';
import type { IconName } from './icons.js';

const shownMs = 5000;

/** Names as a part of a sentence: "Ann, Bob and Carl". */
export function list(names: string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}

export class Notices {
  readonly element = h('div', { className: 'notices', attrs: { 'aria-live': 'polite', 'data-testid': 'notices' } });
  readonly banner = h('div', { className: 'banner', hidden: true, attrs: { role: 'status', 'data-testid': 'banner' } });

  #group: { element: HTMLElement; names: string[]; several: string } | undefined;

  /** Shows a message for a while. */
  say(text: string, name?: IconName): void {
    this.#add(text, name);
    this.#group = undefined;
  }

  /** Says who came or left; those who do it together are named together. */
  who(name: string, one: string, several: string): void {
    if (this.#group?.element.isConnected && this.#group.several === several) {
      const { names, element } = this.#group;
      names.push(name);
      element.textContent = `${list(names)} ${several}`;
      return;
    }
    this.#group = { element: this.#add(`${name} ${one}`), names: [name], several };
  }

  #add(text: string, name?: IconName): HTMLElement {
    const notice = h('p', { className: 'notice' }, name ? icon(name) : null, text);
    this.element.append(notice);
    while (this.element.children.length > 2) this.element.firstElementChild?.remove();
    setTimeout(() => notice.remove(), shownMs);
    return notice;
  }

  /** Shows a message that stays until it is replaced; empty text takes it away. */
  keep(text: string): void {
    this.banner.hidden = text === '';
    this.banner.replaceChildren(h('span', { className: 'pulse', attrs: { 'aria-hidden': 'true' } }), text);
  }
}
