// The marks of Heliograph: the mirror with its beam, and the room's name in Morse code.

import { h } from './dom.js';
import { morse } from './morse.js';

const ns = 'http://www.w3.org/2000/svg';

/** The mirror that throws a beam. */
export function mark(): SVGSVGElement {
  const svg = document.createElementNS(ns, 'svg');
  svg.setAttribute('viewBox', '0 0 40 32');
  svg.setAttribute('class', 'mark');
  svg.setAttribute('aria-hidden', 'true');
  const add = (name: string, className: string, attributes: Record<string, string>) => {
    const shape = document.createElementNS(ns, name);
    shape.setAttribute('class', className);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    svg.append(shape);
  };
  add('path', 'mark-haze', { d: 'M17 24L28 1h11z' });
  add('path', 'mark-beam', { d: 'M17 24L31.5 1h4z' });
  add('path', 'mark-ray', { d: 'M8.5 10.5L16 22' });
  add('circle', 'mark-sun', { cx: '6.5', cy: '7', r: '4.6' });
  add('ellipse', 'mark-mirror', { cx: '17', cy: '25.4', rx: '13', ry: '4.6' });
  return svg;
}

/** The name of the house with its mark. */
export function wordmark(): HTMLElement {
  return h('div', { className: 'wordmark' }, mark(), h('span', { textContent: 'Heliograph' }));
}

/** A text in Morse code, flashing sign after sign. It is an ornament: screen readers hear nothing of it. */
export class MorseLine {
  readonly element = h('div', { className: 'morse', attrs: { 'aria-hidden': 'true' } });

  set(text: string): void {
    let n = 0;
    const letters = morse(text).slice(0, 24).map((signs) => {
      const letter = h('span', { className: 'morse-letter' });
      for (const sign of signs) {
        const light = h('i', { className: sign === '-' ? 'dash' : 'dot' });
        light.style.animationDelay = `${n++ * 120}ms`;
        letter.append(light);
      }
      return letter;
    });
    this.element.replaceChildren(...letters);
  }
}
