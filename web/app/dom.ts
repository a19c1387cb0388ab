// Making elements. Text goes in as text, never as markup.

import { icons, type IconName } from './icons.js';

type Child = Node | string | false | undefined | null;
type Props<K extends keyof HTMLElementTagNameMap> = Partial<Omit<HTMLElementTagNameMap[K], 'style' | 'dataset'>> & {
  /** Attributes that are no properties: aria-label, role, data-testid. */
  attrs?: Record<string, string>;
  on?: { [E in keyof HTMLElementEventMap]?: (e: HTMLElementEventMap[E]) => void };
};

/** Makes an element with properties, attributes, listeners and children. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props<K> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const { attrs = {}, on = {}, ...rest } = props;
  const element = document.createElement(tag);
  Object.assign(element, rest);
  for (const [name, value] of Object.entries(attrs)) element.setAttribute(name, value);
  for (const [name, fn] of Object.entries(on)) element.addEventListener(name, fn as EventListener);
  for (const child of children) if (child) element.append(child);
  return element;
}

/** Draws an icon; it is hidden from screen readers, the button around it has the words. */
export function icon(name: IconName): SVGSVGElement {
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  for (const d of icons[name]) {
    const path = document.createElementNS(ns, 'path');
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
}

/** A button of an icon. The label is what screen readers say and what the tooltip shows, with the key if there is one. */
export interface IconButton {
  element: HTMLButtonElement;
  set(icon: IconName, label: string, pressed?: boolean): void;
}

/** Makes a button of an icon; pressed is left out for buttons that are no switches. */
export function iconButton(o: { icon: IconName; label: string; testid: string; key?: string; class?: string; click: () => void }): IconButton {
  const element = h('button', { type: 'button', className: `button ${o.class ?? ''}`, attrs: { 'data-testid': o.testid }, on: { click: o.click } });
  if (o.key) element.setAttribute('aria-keyshortcuts', o.key);
  const set = (name: IconName, label: string, pressed?: boolean) => {
    element.replaceChildren(icon(name));
    element.setAttribute('aria-label', label);
    element.title = o.key ? `${label} (${o.key})` : label;
    if (pressed !== undefined) element.setAttribute('aria-pressed', String(pressed));
  };
  set(o.icon, o.label);
  return { element, set };
}
