// The panel at the side, with the chat or the list of people.

import { h, iconButton } from './dom.js';

/** What the panel can show. */
export type PanelPage = 'chat' | 'people';

export class Panel {
  readonly element: HTMLElement;
  readonly #title = h('h2');
  readonly #pages: Record<PanelPage, HTMLElement>;
  #open: PanelPage | undefined;

  constructor(
    pages: Record<PanelPage, HTMLElement>,
    private readonly changed: (open: PanelPage | undefined) => void,
  ) {
    this.#pages = pages;
    const close = iconButton({ icon: 'close', label: 'Close', testid: 'panel-close', key: 'Escape', click: () => this.show(undefined) });
    this.element = h(
      'aside',
      { className: 'panel', hidden: true, attrs: { 'data-testid': 'panel' } },
      h('header', { className: 'panel-head' }, this.#title, close.element),
      pages.chat,
      pages.people,
    );
  }

  /** What is shown now. */
  get open(): PanelPage | undefined {
    return this.#open;
  }

  /** Shows a page, or closes the panel. */
  show(page: PanelPage | undefined): void {
    this.#open = page;
    this.element.hidden = page === undefined;
    for (const [name, element] of Object.entries(this.#pages)) element.hidden = name !== page;
    const title = page === 'chat' ? 'Chat' : 'People';
    this.#title.textContent = title;
    this.element.setAttribute('aria-label', title);
    this.changed(page);
  }

  /** Shows a page, or closes the panel if it is shown already. */
  toggle(page: PanelPage): void {
    this.show(this.#open === page ? undefined : page);
  }
}
