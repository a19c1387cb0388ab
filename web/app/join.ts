// The way in: who you are, which room, and how you look and sound.

import { HeliographError } from '../sdk/src/index.js';
import { MorseLine, wordmark } from './brand.js';
import { canChooseSpeaker, fillSelect, watchDevices } from './devices.js';
import { h, icon, iconButton } from './dom.js';
import { explainDevice } from './explain.js';
import { meter } from './meter.js';
import { loadPrefs, savePrefs } from './prefs.js';
import { Preview, type PreviewSource } from './preview.js';
import { cleanRoom, randomRoom } from './route.js';

/** What the user chose. */
export interface Choice {
  name: string;
  room: string;
  token: string;
  preview: Preview;
}

/** How the join screen begins. */
export interface JoinOptions {
  room: string;
  token: string;
  /** Shown above the button: why the last attempt failed. */
  problem?: string;
  /** Whether the field for a token is shown. */
  askToken: boolean;
  join(choice: Choice): void;
}

export class JoinScreen {
  readonly element: HTMLElement;
  readonly #prefs = loadPrefs();
  readonly #preview: Preview;
  readonly #video = h('video', { className: 'preview-video', muted: true, autoplay: true, playsInline: true, attrs: { 'data-testid': 'preview', 'aria-label': 'Your camera' } });
  readonly #off = h('p', { className: 'preview-off' });
  readonly #level = h('span', { className: 'level-fill' });
  readonly #buttons;
  readonly #selects: Record<'camera' | 'microphone' | 'speaker', HTMLSelectElement>;
  readonly #name: HTMLInputElement;
  readonly #room: HTMLInputElement;
  readonly #token: HTMLTextAreaElement;
  readonly #problem = h('p', { className: 'problem', hidden: true, attrs: { role: 'alert', 'data-testid': 'problem' } });
  readonly #submit = h('button', { type: 'submit', className: 'primary', textContent: 'Join the room', attrs: { 'data-testid': 'join' } });
  readonly #morse = new MorseLine();
  readonly #wanted: Record<PreviewSource, boolean>;
  readonly #unwatch: () => void;
  #stopMeter: (() => void) | undefined;
  #metered: MediaStreamTrack | undefined;
  readonly #failures = new Map<PreviewSource, string>();

  constructor(private readonly options: JoinOptions) {
    this.#wanted = { camera: this.#prefs.camera, microphone: this.#prefs.microphone };
    const ids = { camera: this.#prefs.cameraId, microphone: this.#prefs.microphoneId };
    this.#preview = new Preview(ids, () => this.#refresh(), (source, e) => this.#failed(source, e));
    this.#buttons = {
      microphone: iconButton({ icon: 'mic', label: 'Microphone', testid: 'preview-mic', key: 'm', class: 'round', click: () => this.toggle('microphone') }),
      camera: iconButton({ icon: 'camera', label: 'Camera', testid: 'preview-camera', key: 'v', class: 'round', click: () => this.toggle('camera') }),
    };
    this.#selects = { camera: this.#select('camera'), microphone: this.#select('microphone'), speaker: this.#select('speaker') };
    this.#name = h('input', { id: 'name', required: true, maxLength: 60, autocomplete: 'name', value: this.#prefs.name, placeholder: 'How others see you', attrs: { 'data-testid': 'name' } });
    this.#room = h('input', {
      id: 'room', required: true, maxLength: 64, autocomplete: 'off', spellcheck: false, value: options.room || randomRoom(),
      attrs: { 'data-testid': 'room', autocapitalize: 'none' }, on: { input: () => this.#morse.set(cleanRoom(this.#room.value)) },
    });
    this.#token = h('textarea', { id: 'token', rows: 3, autocomplete: 'off', spellcheck: false, value: options.token, placeholder: 'eyJhbGciOi…', attrs: { 'data-testid': 'token' } });
    this.element = h('main', { className: 'join', attrs: { 'data-testid': 'join-screen' } }, this.#stage(), this.#form());
    this.#unwatch = watchDevices(() => void this.#fill());
    this.#morse.set(this.#room.value);
    if (options.problem) this.problem(options.problem);
    void this.#begin();
  }

  /** Puts the cursor where the user goes on. */
  focus(): void {
    (this.#name.value === '' ? this.#name : this.#submit).focus();
  }

  /** Turns the camera or the microphone of the preview on or off. */
  toggle(source: PreviewSource): void {
    this.#wanted[source] = !this.#preview.track(source);
    this.#failures.delete(source);
    savePrefs({ [source]: this.#wanted[source] });
    void this.#preview.set(source, this.#wanted[source]);
  }

  /** Says what went wrong, and lets the user try again. */
  problem(text: string): void {
    this.#problem.replaceChildren(icon('alert'), text);
    this.#problem.hidden = text === '';
  }

  close(): void {
    this.#unwatch();
    this.#stopMeter?.();
    this.#preview.close();
  }

  async #begin(): Promise<void> {
    this.#refresh();
    for (const source of ['camera', 'microphone'] as const) {
      if (this.#wanted[source]) await this.#preview.set(source, true);
    }
    await this.#fill();
  }

  #stage(): HTMLElement {
    const level = h('div', { className: 'level', attrs: { 'data-testid': 'level', 'aria-hidden': 'true' } }, this.#level);
    const buttons = h('div', { className: 'preview-buttons' }, this.#buttons.microphone.element, this.#buttons.camera.element);
    const field = (label: string, select: HTMLSelectElement) => h('label', { className: 'field small' }, h('span', { textContent: label }), select);
    return h(
      'section',
      { className: 'join-stage', attrs: { 'aria-label': 'Camera and microphone' } },
      h('div', { className: 'preview' }, this.#video, this.#off, level, buttons),
      h(
        'div',
        { className: 'device-row' },
        field('Camera', this.#selects.camera),
        field('Microphone', this.#selects.microphone),
        canChooseSpeaker && field('Speaker', this.#selects.speaker),
      ),
    );
  }

  #form(): HTMLElement {
    const dice = iconButton({
      icon: 'dice', label: 'Another room name', testid: 'dice', class: 'inset',
      click: () => {
        this.#room.value = randomRoom();
        this.#morse.set(this.#room.value);
      },
    });
    const token = h(
      'div',
      { className: 'field', hidden: !this.options.askToken },
      h('label', { htmlFor: 'token', textContent: 'Token' }),
      this.#token,
      h('p', { className: 'hint', textContent: 'This server lets in who brings a token. Paste the one that you were given.' }),
    );
    return h(
      'form',
      { className: 'join-form', noValidate: false, on: { submit: (e: Event) => void this.#join(e) } },
      wordmark(),
      h('h1', { textContent: 'Join a room' }),
      h('p', { className: 'lead', textContent: 'Everybody with the same room name meets there. No account needed.' }),
      h('div', { className: 'field' }, h('label', { htmlFor: 'name', textContent: 'Your name' }), this.#name),
      h('div', { className: 'field' }, h('label', { htmlFor: 'room', textContent: 'Room' }), h('div', { className: 'with-button' }, this.#room, dice.element), this.#morse.element),
      token,
      this.#problem,
      this.#submit,
    );
  }

  async #join(e: Event): Promise<void> {
    e.preventDefault();
    const name = this.#name.value.trim();
    const room = cleanRoom(this.#room.value);
    if (name === '' || room === '') return this.problem('A name and a room are needed.');
    this.#submit.disabled = true;
    this.#submit.textContent = 'Joining…';
    this.problem('');
    savePrefs({ name });
    await this.#preview.ready();
    this.options.join({ name, room, token: this.#token.value.trim(), preview: this.#preview });
  }

  #select(source: 'camera' | 'microphone' | 'speaker'): HTMLSelectElement {
    const change = () => {
      savePrefs({ [`${source}Id`]: this.#selects[source].value });
      if (source !== 'speaker') void this.#preview.use(source, this.#selects[source].value);
    };
    return h('select', { attrs: { 'data-testid': `select-${source}` }, on: { change } });
  }

  async #fill(): Promise<void> {
    const current = (s: PreviewSource) => this.#preview.track(s)?.getSettings().deviceId ?? this.#prefs[`${s}Id`];
    await fillSelect(this.#selects.camera, 'videoinput', current('camera'));
    await fillSelect(this.#selects.microphone, 'audioinput', current('microphone'));
    if (canChooseSpeaker) await fillSelect(this.#selects.speaker, 'audiooutput', this.#prefs.speakerId);
  }

  #refresh(): void {
    const camera = this.#preview.track('camera');
    const microphone = this.#preview.track('microphone');
    const shown = (this.#video.srcObject as MediaStream | null)?.getVideoTracks()[0];
    if (camera !== shown) this.#video.srcObject = camera ? new MediaStream([camera]) : null;
    this.#video.classList.toggle('live', camera !== undefined);
    this.#off.textContent = camera ? '' : 'Your camera is off';
    this.#buttons.camera.set(camera ? 'camera' : 'cameraOff', camera ? 'Turn the camera off' : 'Turn the camera on', !!camera);
    this.#buttons.microphone.set(microphone ? 'mic' : 'micOff', microphone ? 'Turn the microphone off' : 'Turn the microphone on', !!microphone);
    this.#measure(microphone);
  }

  #measure(track: MediaStreamTrack | undefined): void {
    if (track === this.#metered) return;
    this.#metered = track;
    this.#stopMeter?.();
    this.#stopMeter = track && meter(track, (level) => (this.#level.style.transform = `scaleX(${level.toFixed(3)})`));
  }

  #failed(source: PreviewSource, e: unknown): void {
    const other = this.#failures.get(source === 'camera' ? 'microphone' : 'camera');
    const code = e instanceof HeliographError ? e.code : '';
    this.#failures.set(source, code);
    this.problem(`${explainDevice(other === code ? 'camera and microphone' : source, e)} You can join without.`);
  }
}
