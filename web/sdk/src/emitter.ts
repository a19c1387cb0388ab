// A small typed event emitter.

type Listeners<E> = { [K in keyof E]?: Set<(...args: never[]) => void> };

/** Emits the events of E, a map from the event's name to its listener's type. */
export class Emitter<E extends { [K in keyof E]: (...args: never[]) => void }> {
  readonly #listeners: Listeners<E> = {};

  /** Calls fn at each event of this type from now on; returns a function that ends it. */
  on<K extends keyof E>(type: K, fn: E[K]): () => void {
    (this.#listeners[type] ??= new Set()).add(fn);
    return () => this.off(type, fn);
  }

  /** Ends what on began. */
  off<K extends keyof E>(type: K, fn: E[K]): void {
    this.#listeners[type]?.delete(fn);
  }

  /** A listener that throws does not keep the others from the event; its error is reported as uncaught. */
  protected emit<K extends keyof E>(type: K, ...args: Parameters<E[K]>): void {
    for (const fn of [...(this.#listeners[type] ?? [])]) {
      try {
        (fn as (...a: Parameters<E[K]>) => void)(...args);
      } catch (e) {
        reportError(e);
      }
    }
  }
}
