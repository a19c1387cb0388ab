// The call: stage, controls, panel and what is told to the user.

import type { HeliographError, Room, RoomState } from '../sdk/src/index.js';
import { mark } from './brand.js';
import { Chat } from './chat.js';
import { Controls } from './controls.js';
import { h, icon, iconButton, type IconButton } from './dom.js';
import { explain } from './explain.js';
import { Notices } from './notices.js';
import { Overlay } from './overlay.js';
import { Panel, type PanelPage } from './panel.js';
import { People } from './people.js';
import { Settings } from './settings.js';
import { shortcuts } from './shortcuts.js';
import { Stage } from './stage.js';

/** How a call ends: by the user's wish, or with a reason. */
export type Ended = (error: HeliographError | undefined) => void;

export class CallScreen {
  readonly element: HTMLElement;
  readonly #stage: Stage;
  readonly #controls: Controls;
  readonly #panel: Panel;
  readonly #people: People;
  readonly #chat: Chat;
  readonly #settings: Settings;
  readonly #overlay: Overlay;
  readonly #notices = new Notices();
  readonly #sound: HTMLButtonElement;
  readonly #count = h('span', { className: 'count', attrs: { 'data-testid': 'count' } });
  readonly #statsButton: IconButton;
  readonly #unkey: () => void;
  #unread = 0;
  #page: PanelPage | undefined;
  #was: RoomState = 'joined';

  constructor(
    private readonly room: Room,
    private readonly link: string,
    private readonly ended: Ended,
  ) {
    this.#stage = new Stage(room, this.#invitation());
    this.#controls = new Controls(room, {
      panel: (page) => this.#panel.toggle(page),
      leave: () => room.leave(),
      problem: (text) => this.#notices.say(text, 'alert'),
    });
    this.#chat = new Chat(room, (name, text) => this.#arrived(name, text));
    this.#people = new People(room, this.#copyButton('invite-people'));
    this.#panel = new Panel({ chat: this.#chat.element, people: this.#people.element }, (page) => this.#paneled(page));
    this.#settings = new Settings(room);
    this.#overlay = new Overlay(room, this.#stage);
    this.#statsButton = iconButton({ icon: 'stats', label: 'Statistics', testid: 'stats', key: 'i', click: () => this.#toggleStats() });
    this.#sound = h(
      'button',
      { type: 'button', className: 'sound', hidden: !room.audioBlocked, attrs: { 'data-testid': 'sound' }, on: { click: () => void room.startAudio() } },
      icon('sound'), 'Tap to hear the room',
    );
    this.element = h(
      'main',
      { className: 'call', attrs: { 'data-testid': 'call-screen' } },
      this.#head(),
      this.#notices.banner,
      this.#overlay.element,
      h('div', { className: 'call-body' }, this.#stage.element, this.#panel.element),
      this.#notices.element,
      this.#sound,
      this.#controls.element,
      this.#settings.element,
    );
    this.#unkey = this.#keys();
    this.#listen();
  }

  close(): void {
    this.#unkey();
    this.#overlay.close();
    this.#settings.close();
    this.#stage.close();
  }

  #head(): HTMLElement {
    const settings = iconButton({ icon: 'settings', label: 'Devices', testid: 'settings-button', click: () => void this.#settings.show() });
    return h(
      'header',
      { className: 'call-head' },
      mark(),
      h('h1', { className: 'room-name', textContent: this.room.name, attrs: { 'data-testid': 'room-name' } }),
      this.#count,
      h('span', { className: 'spring' }),
      this.#copyButton('copy-link'),
      this.#statsButton.element,
      settings.element,
    );
  }

  #copyButton(testid: string): HTMLButtonElement {
    const words = h('span', { textContent: 'Copy link' });
    const button = h('button', { type: 'button', className: 'button wide', title: this.link, attrs: { 'data-testid': testid, 'aria-label': 'Copy the link to this room' } }, icon('link'), words);
    button.addEventListener('click', () => void this.#copy(words));
    return button;
  }

  async #copy(words: HTMLElement): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.link);
      words.textContent = 'Copied';
      setTimeout(() => (words.textContent = 'Copy link'), 2000);
      this.#notices.say('The link is copied. Send it to whom you want to see.', 'check');
    } catch {
      this.#notices.say(`The link is ${this.link}`, 'link');
    }
  }

  #invitation(): HTMLElement {
    return h(
      'div',
      { className: 'invitation', attrs: { 'data-testid': 'invitation' } },
      mark(),
      h('h2', { textContent: 'Nobody else is here yet' }),
      h('p', { textContent: 'Whoever opens this link meets you:' }),
      h('p', { className: 'invitation-link', textContent: this.link }),
      this.#copyButton('invite'),
    );
  }

  #keys(): () => void {
    return shortcuts({
      m: () => void this.#controls.toggle('microphone'),
      v: () => void this.#controls.toggle('camera'),
      s: () => void this.#controls.toggle('screen'),
      c: () => this.#panel.toggle('chat'),
      p: () => this.#panel.toggle('people'),
      i: () => this.#toggleStats(),
      Escape: () => this.#panel.show(undefined),
    });
  }

  #listen(): void {
    const { room } = this;
    const known = new Set(room.participants.map((p) => p.id));
    room.on('participant', (p) => {
      if (!known.has(p.id)) this.#notices.who(p.name, 'is here', 'are here');
      known.add(p.id);
      this.#changed(p);
    });
    room.on('left', (p) => {
      known.delete(p.id);
      this.#stage.remove(p);
      this.#counted();
      this.#notices.who(p.name, 'has left', 'have left');
    });
    for (const type of ['publication', 'updated', 'unpublished'] as const) room.on(type, (_, of) => this.#changed(of));
    room.on('shown', (p) => {
      const of = room.participant(p.participant);
      if (of) this.#stage.update(of);
    });
    room.on('speakers', (list) => this.#stage.speakers(new Set(list.map((s) => s.participant.id))));
    room.on('local', () => this.#localChanged());
    room.on('ended', (p) => p.source !== 'screen' && this.#notices.say(`The ${p.source} is gone.`, 'alert'));
    room.on('autoplay', (blocked) => (this.#sound.hidden = !blocked));
    room.on('error', (e) => this.#notices.say(explain(e), 'alert'));
    room.on('state', (state, error) => this.#state(state, error));
    this.#localChanged();
  }

  #changed(p: Parameters<Stage['update']>[0]): void {
    this.#stage.update(p);
    this.#counted();
  }

  #localChanged(): void {
    this.#stage.update(this.room.local);
    this.#controls.update();
    this.#people.update();
    this.#counted();
  }

  #counted(): void {
    const n = this.room.participants.length + 1;
    this.#count.textContent = n === 1 ? 'only you' : `${n} people`;
    this.#people.update();
  }

  #state(state: RoomState, error: HeliographError | undefined): void {
    const was = this.#was;
    this.#was = state;
    this.element.dataset['state'] = state;
    if (state === 'closed') return this.ended(error);
    this.#notices.keep(state === 'reconnecting' ? 'The connection was lost. Coming back…' : '');
    if (was === 'reconnecting' && state === 'joined') {
      this.#notices.say('You are back.', 'check');
      this.#localChanged();
    }
  }

  #paneled(page: PanelPage | undefined): void {
    this.element.classList.toggle('with-panel', page !== undefined);
    this.#controls.chat.element.setAttribute('aria-expanded', String(page === 'chat'));
    this.#controls.people.element.setAttribute('aria-expanded', String(page === 'people'));
    const before = this.#page;
    this.#page = page;
    if (page === undefined && before) this.#controls[before].element.focus();
    if (page !== 'chat') return;
    this.#unread = 0;
    this.#controls.unread(0);
    this.#chat.focus();
  }

  #arrived(name: string, text: string): void {
    if (this.#panel.open === 'chat') return;
    this.#controls.unread(++this.#unread);
    this.#notices.say(`${name}: ${text.length > 80 ? `${text.slice(0, 80)}…` : text}`, 'chat');
  }

  #toggleStats(): void {
    this.#overlay.toggle();
    const on = this.#overlay.shown;
    this.#statsButton.set('stats', on ? 'Hide the statistics' : 'Show the statistics', on);
  }
}
