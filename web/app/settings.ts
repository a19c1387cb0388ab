// The dialog in which devices are changed during the call.

import type { Room } from '../sdk/src/index.js';
import { canChooseSpeaker, fillSelect, watchDevices } from './devices.js';
import { h, iconButton } from './dom.js';
import { explainDevice } from './explain.js';
import { loadPrefs, savePrefs } from './prefs.js';

type Chosen = 'camera' | 'microphone' | 'speaker';

export class Settings {
  readonly element: HTMLDialogElement;
  readonly #selects: Record<Chosen, HTMLSelectElement>;
  readonly #problem = h('p', { className: 'problem', hidden: true, attrs: { role: 'alert' } });
  readonly #unwatch = watchDevices(() => void this.#fill());

  constructor(private readonly room: Room) {
    this.#selects = { camera: this.#select('camera'), microphone: this.#select('microphone'), speaker: this.#select('speaker') };
    const close = iconButton({ icon: 'close', label: 'Close', testid: 'settings-close', click: () => this.element.close() });
    const field = (label: string, select: HTMLSelectElement) => h('label', { className: 'field' }, h('span', { textContent: label }), select);
    this.element = h(
      'dialog',
      { className: 'dialog', attrs: { 'aria-label': 'Devices', 'data-testid': 'settings' } },
      h('header', { className: 'panel-head' }, h('h2', { textContent: 'Devices' }), close.element),
      field('Camera', this.#selects.camera),
      field('Microphone', this.#selects.microphone),
      canChooseSpeaker && field('Speaker', this.#selects.speaker),
      this.#problem,
      h(
        'dl',
        { className: 'keys', attrs: { 'aria-label': 'Keys' } },
        ...[['m', 'Microphone'], ['v', 'Camera'], ['s', 'Share the screen'], ['c', 'Chat'], ['p', 'People']].flatMap(([key, what]) => [
          h('dt', {}, h('kbd', { textContent: key as string })),
          h('dd', { textContent: what as string }),
        ]),
      ),
    );
    this.element.addEventListener('click', (e) => e.target === this.element && this.element.close());
  }

  async show(): Promise<void> {
    this.#problem.hidden = true;
    this.element.showModal();
    await this.#fill();
  }

  close(): void {
    this.#unwatch();
    this.element.close();
  }

  #select(source: Chosen): HTMLSelectElement {
    return h('select', { attrs: { 'data-testid': `settings-${source}` }, on: { change: () => void this.#use(source) } });
  }

  async #use(source: Chosen): Promise<void> {
    const id = this.#selects[source].value;
    savePrefs({ [`${source}Id`]: id });
    try {
      if (source === 'speaker') await this.room.setSpeaker(id);
      else if (this.room.local[source]) await this.room.local.use(source, id);
      this.#problem.hidden = true;
    } catch (e) {
      this.#problem.textContent = explainDevice(source, e);
      this.#problem.hidden = false;
    }
  }

  async #fill(): Promise<void> {
    const prefs = loadPrefs();
    const used = (s: 'camera' | 'microphone') => this.room.local[s]?.track.getSettings().deviceId ?? prefs[`${s}Id`];
    await fillSelect(this.#selects.camera, 'videoinput', used('camera'));
    await fillSelect(this.#selects.microphone, 'audioinput', used('microphone'));
    if (canChooseSpeaker) await fillSelect(this.#selects.speaker, 'audiooutput', prefs.speakerId);
  }
}
