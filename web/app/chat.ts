// The chat of a room.

import type { Room, RoomMessage } from '../sdk/src/index.js';
import { h, iconButton } from './dom.js';
import { explain } from './explain.js';

/** The topic of chat messages; their body is {text}. */
const topic = 'chat';
const longest = 2000;

export class Chat {
  readonly element: HTMLElement;
  readonly #list = h('ol', { className: 'messages', attrs: { 'aria-live': 'polite', 'aria-label': 'Messages', 'data-testid': 'messages' } });
  readonly #hint = h('p', { className: 'panel-hint', textContent: 'Nobody has written yet. Messages reach everybody who is in the room now.' });
  readonly #input: HTMLInputElement;
  readonly #problem = h('p', { className: 'problem', hidden: true, attrs: { role: 'alert' } });
  #lastFrom = '';

  /** arrived is called for each message of others. */
  constructor(
    private readonly room: Room,
    private readonly arrived: (name: string, text: string) => void,
  ) {
    this.#input = h('input', { maxLength: longest, autocomplete: 'off', placeholder: 'Write to everybody', attrs: { 'aria-label': 'Message', 'data-testid': 'chat-input' } });
    const send = iconButton({ icon: 'send', label: 'Send', testid: 'chat-send', class: 'inset', click: () => void this.#send() });
    const form = h(
      'form',
      { className: 'with-button', on: { submit: (e: Event) => { e.preventDefault(); void this.#send(); } } },
      this.#input,
      send.element,
    );
    this.element = h('div', { className: 'chat' }, this.#hint, this.#list, this.#problem, form);
    room.on('message', (m) => this.#show(m));
  }

  focus(): void {
    this.#input.focus();
  }

  async #send(): Promise<void> {
    const text = this.#input.value.trim();
    if (text === '') return;
    this.#input.value = '';
    try {
      await this.room.send({ topic, body: { text } });
      this.#problem.hidden = true;
    } catch (e) {
      if (this.#input.value === '') this.#input.value = text;
      this.#problem.textContent = explain(e);
      this.#problem.hidden = false;
    }
  }

  #show(m: RoomMessage): void {
    const text = (m.body as { text?: unknown } | null)?.text;
    if (m.topic !== topic || typeof text !== 'string') return;
    const own = m.from?.isLocal ?? false;
    const name = own ? 'You' : (m.from?.name ?? 'Somebody who left');
    const from = m.from?.id ?? '';
    const at = new Date(m.at);
    const head = h(
      'p',
      { className: 'message-head', hidden: from === this.#lastFrom },
      h('b', { textContent: name }),
      h('time', { dateTime: at.toISOString(), textContent: at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }) }),
    );
    this.#lastFrom = from;
    this.#hint.hidden = true;
    this.#list.append(h('li', { className: own ? 'message own' : 'message', attrs: { 'data-testid': 'message' } }, head, h('p', { className: 'message-text', textContent: text })));
    this.#list.scrollTop = this.#list.scrollHeight;
    if (!own) this.arrived(name, text);
  }
}
