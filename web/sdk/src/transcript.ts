// What was said, for room.debug().

/** One line of the transcript: sent (>), received (<) or noted by the SDK (!). */
export interface TranscriptLine {
  at: number; // milliseconds since the page was opened
  way: '>' | '<' | '!';
  text: string;
}

const secrets = new Set(['token', 'credential', 'secret', 'password']);

/** Keeps the newest messages, without tokens and passwords. */
export class Transcript {
  readonly #lines: TranscriptLine[] = [];

  constructor(private readonly limit = 500) {}

  /** Adds a message or note. */
  add(way: TranscriptLine['way'], message: unknown): void {
    const text = typeof message === 'string' ? message : JSON.stringify(message, (k, v) => (secrets.has(k) ? '***' : v));
    this.#lines.push({ at: Math.round(performance.now()), way, text });
    if (this.#lines.length > this.limit) this.#lines.shift();
  }

  /** A copy of the lines, oldest first. */
  lines(): TranscriptLine[] {
    return this.#lines.slice();
  }
}
