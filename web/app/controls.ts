// The buttons under the stage.

import type { PublishSource, Room } from '../sdk/src/index.js';
import { h, iconButton, type IconButton } from './dom.js';
import { explainDevice } from './explain.js';
import { loadPrefs, savePrefs } from './prefs.js';

/** What the buttons ask for beyond the own devices. */
export interface ControlHooks {
  panel(page: 'chat' | 'people'): void;
  leave(): void;
  problem(text: string): void;
}

/** Whether this browser can share a screen; phones cannot. */
const canShare = 'getDisplayMedia' in (navigator.mediaDevices ?? {});

export class Controls {
  readonly element: HTMLElement;
  readonly chat: IconButton;
  readonly people: IconButton;
  readonly #mic: IconButton;
  readonly #camera: IconButton;
  readonly #screen: IconButton;
  readonly #busy = new Set<PublishSource>();

  constructor(
    private readonly room: Room,
    private readonly hooks: ControlHooks,
  ) {
    const click = (source: PublishSource) => () => void this.toggle(source);
    this.#mic = iconButton({ icon: 'mic', label: 'Microphone', testid: 'mic', key: 'm', class: 'round', click: click('microphone') });
    this.#camera = iconButton({ icon: 'camera', label: 'Camera', testid: 'camera', key: 'v', class: 'round', click: click('camera') });
    this.#screen = iconButton({ icon: 'screen', label: 'Share the screen', testid: 'screen', key: 's', class: 'round', click: click('screen') });
    this.chat = iconButton({ icon: 'chat', label: 'Chat', testid: 'chat', key: 'c', class: 'round', click: () => hooks.panel('chat') });
    this.people = iconButton({ icon: 'people', label: 'People', testid: 'people-button', key: 'p', class: 'round', click: () => hooks.panel('people') });
    const leave = iconButton({ icon: 'leave', label: 'Leave', testid: 'leave', class: 'round leave', click: () => hooks.leave() });
    this.element = h(
      'nav',
      { className: 'controls', attrs: { 'aria-label': 'Call' } },
      this.#mic.element, this.#camera.element, canShare && this.#screen.element,
      h('span', { className: 'controls-gap' }),
      this.chat.element, this.people.element,
      h('span', { className: 'controls-gap' }),
      leave.element,
    );
    this.update();
  }

  /** Turns the microphone, the camera or the screen share on or off. */
  async toggle(source: PublishSource): Promise<void> {
    if (this.#busy.has(source)) return;
    this.#busy.add(source);
    try {
      await this.#switch(source);
    } catch (e) {
      const dismissed = source === 'screen' && (e as { code?: string }).code === 'client.denied';
      if (!dismissed) this.hooks.problem(explainDevice(source, e));
    } finally {
      this.#busy.delete(source);
      this.update();
    }
  }

  async #switch(source: PublishSource): Promise<void> {
    const { local } = this.room;
    const present = local[source];
    if (source === 'screen') return present ? local.unpublish(source) : void (await local.publish(source));
    savePrefs({ [source]: !present || present.muted });
    if (!present) return void (await this.#publish(source));
    return present.muted ? local.unmute(source) : local.mute(source);
  }

  /** Opens the remembered device, or another one if that is gone. */
  async #publish(source: 'camera' | 'microphone'): Promise<void> {
    const deviceId = loadPrefs()[`${source}Id`];
    const { local } = this.room;
    if (deviceId === '') return void (await local.publish(source));
    try {
      await local.publish(source, { deviceId });
    } catch (e) {
      if ((e as { code?: string }).code !== 'client.missing') throw e;
      await local.publish(source);
    }
  }

  /** Draws the buttons as the devices are. */
  update(): void {
    const { microphone, camera, screen } = this.room.local;
    const mic = microphone !== undefined && !microphone.muted;
    const cam = camera !== undefined && !camera.muted;
    this.#mic.set(mic ? 'mic' : 'micOff', mic ? 'Turn the microphone off' : 'Turn the microphone on', mic);
    this.#camera.set(cam ? 'camera' : 'cameraOff', cam ? 'Turn the camera off' : 'Turn the camera on', cam);
    this.#screen.set(screen ? 'screenOff' : 'screen', screen ? 'Stop sharing the screen' : 'Share the screen', screen !== undefined);
  }

  /** Shows how many messages were not read. */
  unread(n: number): void {
    this.chat.element.dataset['count'] = n === 0 ? '' : String(Math.min(n, 99));
    this.chat.element.setAttribute('aria-label', n === 0 ? 'Chat' : `Chat, ${n} not read`);
  }
}
