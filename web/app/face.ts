// One tile of the call: a picture or what stands for it, the name, and the figures.

import type { AnyParticipant, LocalPublication, RemotePublication } from '../sdk/src/index.js';
import { initials, skyOf } from './avatar.js';
import { h, icon, iconButton } from './dom.js';
import type { Rect } from './layout.js';

/** What a tile shows: a participant with or without a camera, or a participant's screen. */
export type FaceKind = 'person' | 'screen';

/** What a tile can ask for. */
export interface FaceHooks {
  pin(face: Face): void;
}

export class Face {
  readonly id: string;
  readonly element: HTMLElement;
  readonly video: HTMLVideoElement;
  pinned = false;
  spokeAt = 0;
  readonly #name = h('span', { className: 'face-name' });
  readonly #muted = h('span', { className: 'face-muted', title: 'Microphone off' }, icon('micOff'));
  readonly #figures = h('pre', { className: 'figures', hidden: true, attrs: { 'data-testid': 'figures' } });
  readonly #wait = h('span', { className: 'face-wait', hidden: true, textContent: 'Waiting for the picture' });
  readonly #slow = h('span', { className: 'face-slow', hidden: true, textContent: 'Paused: slow connection', attrs: { 'data-testid': 'slow' } });
  readonly #pin;
  #publication: RemotePublication | LocalPublication | undefined;
  #detach: (() => void) | undefined;
  #large = false;

  constructor(
    readonly participant: AnyParticipant,
    readonly kind: FaceKind,
    hooks: FaceHooks,
  ) {
    const source = kind === 'person' ? 'camera' : 'screen';
    this.id = `${participant.id}/${source}`;
    this.video = h('video', { className: 'face-video', muted: true, autoplay: true, playsInline: true, disablePictureInPicture: false });
    this.#pin = iconButton({ icon: 'pin', label: '', testid: 'pin', class: 'face-pin', click: () => hooks.pin(this) });
    const avatar = h('div', { className: 'avatar', attrs: { 'aria-hidden': 'true' }, textContent: initials(participant.name) });
    this.element = h(
      'article',
      {
        hidden: true,
        className: `face ${kind} sky-${skyOf(participant.identity)}`,
        attrs: { 'data-testid': 'tile', 'data-participant': participant.id, 'data-identity': participant.identity, 'data-source': source },
      },
      kind === 'person' && avatar,
      this.video,
      this.#wait,
      this.#slow,
      h('div', { className: 'face-label' }, kind === 'person' ? this.#muted : icon('screen'), h('span', { className: 'waves', attrs: { 'aria-hidden': 'true' } }, h('i'), h('i'), h('i')), this.#name),
      this.#figures,
      this.#pin.element,
    );
    if (participant.isLocal) this.element.classList.add('self');
    this.element.addEventListener('dblclick', () => hooks.pin(this));
    this.setPinned(false);
    this.update();
  }

  /** Whether it is to be large. */
  get focus(): boolean {
    return this.pinned || (this.kind === 'screen' && !this.participant.isLocal);
  }
  get self(): boolean {
    return this.participant.isLocal;
  }

  /** Shows this publication, or what stands for none. */
  use(publication: RemotePublication | LocalPublication | undefined): void {
    if (publication !== this.#publication) {
      this.#detach?.();
      this.#publication = publication;
      this.#detach = publication && this.#attach(publication);
    }
    this.update();
  }

  #attach(p: RemotePublication | LocalPublication): () => void {
    return 'state' in p ? p.attach(this.video, { measure: this.element, priority: this.#priority() }) : p.attach(this.video);
  }

  #priority(): number {
    return this.focus ? 10 : this.#large ? 5 : 0;
  }

  /** Brings the tile up to date with what is known of its participant. */
  update(): void {
    const { participant, kind } = this;
    const name = participant.isLocal ? `${participant.name} (you)` : participant.name;
    this.#name.textContent = kind === 'screen' ? `${participant.isLocal ? 'Your' : `${participant.name}’s`} screen` : name;
    const microphone = participant.microphone;
    this.#muted.hidden = microphone !== undefined && !microphone.muted;
    const state = this.#state();
    this.element.dataset['state'] = state;
    this.#wait.hidden = state !== 'switching' || kind !== 'screen';
    this.#slow.hidden = !this.#starved();
    this.element.classList.toggle('speaking', kind === 'person' && participant.speaking);
    this.element.setAttribute('aria-label', this.#describe(state));
  }

  #state(): string {
    const p = this.#publication;
    if (!p) return 'none';
    if ('state' in p) return p.state;
    return p.muted ? 'paused' : 'live';
  }

  /** Whether there is a picture that the way to here has no room for. */
  #starved(): boolean {
    const p = this.#publication;
    return p !== undefined && 'reason' in p && p.reason === 'bandwidth';
  }

  #describe(state: string): string {
    const words = [this.#name.textContent ?? ''];
    if (this.kind === 'person' && !this.#muted.hidden) words.push('microphone off');
    if (this.#starved()) words.push('paused by a slow connection');
    else if (this.kind === 'person' && state !== 'live') words.push('camera off');
    return words.join(', ');
  }

  /** Takes a place on the stage, or none. */
  place(rect: Rect | undefined, large: boolean): void {
    this.element.hidden = rect === undefined;
    if (!rect) return;
    const style = this.element.style;
    style.transform = `translate(${rect.left}px, ${rect.top}px)`;
    style.width = `${rect.width}px`;
    style.height = `${rect.height}px`;
    this.element.classList.toggle('tiny', rect.width < 220);
    this.element.classList.toggle('focus', this.focus);
    this.#large = large;
    const p = this.#publication;
    if (p && 'state' in p) p.setPriority(this.video, this.#priority());
  }

  /** Marks the tile as pinned by the user. */
  setPinned(pinned: boolean): void {
    this.pinned = pinned;
    this.#pin.set('pin', pinned ? 'Stop keeping this large' : 'Keep this large', pinned);
  }

  /** Shows figures over the picture; empty text hides them. */
  figures(text: string): void {
    this.#figures.hidden = text === '';
    this.#figures.textContent = text;
  }

  close(): void {
    this.#detach?.();
    this.element.remove();
  }
}
