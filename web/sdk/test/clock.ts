// Virtual time: tests of what is timed take none.

interface Alarm {
  at: number;
  every?: number;
  run: () => void;
}

/** Replaces setTimeout, setInterval, what clears them, and performance.now until close. */
export class VirtualClock {
  #now = 1000;
  #next = 1;
  readonly #alarms = new Map<number, Alarm>();
  readonly #real = (({ setTimeout, clearTimeout, setInterval, clearInterval, performance }) =>
    ({ setTimeout, clearTimeout, setInterval, clearInterval, performance }))(globalThis);

  constructor() {
    const set = (alarm: Alarm) => {
      this.#alarms.set(this.#next, alarm);
      return this.#next++;
    };
    const clear = (id: number) => this.#alarms.delete(id);
    Object.assign(globalThis, {
      setTimeout: (run: () => void, ms = 0) => set({ at: this.#now + ms, run }),
      setInterval: (run: () => void, ms: number) => set({ at: this.#now + ms, every: ms, run }),
      clearTimeout: clear,
      clearInterval: clear,
    });
    Object.defineProperty(globalThis, 'performance', { value: { now: () => this.#now }, configurable: true, writable: true });
  }

  /** Lets time pass: timers run in their order, and between them what waits for their results. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      const [id, alarm] = [...this.#alarms].sort((a, b) => a[1].at - b[1].at)[0] ?? [];
      if (id === undefined || alarm === undefined || alarm.at > end) break;
      this.#now = Math.max(this.#now, alarm.at);
      if (alarm.every === undefined) this.#alarms.delete(id);
      else alarm.at += alarm.every;
      alarm.run();
    }
    this.#now = end;
    await settled();
  }

  close(): void {
    const { performance, ...timers } = this.#real;
    Object.assign(globalThis, timers);
    Object.defineProperty(globalThis, 'performance', { value: performance, configurable: true, writable: true });
  }
}

/** Lets promises settle that need nothing but each other. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
