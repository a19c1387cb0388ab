// When to try again.

/** The longest wait before each attempt, in milliseconds; the last one repeats for ever. */
const steps = [0, 200, 500, 1000, 2000, 4000] as const;

/** The wait before attempt n (from 0) with full jitter: evenly spread from 0 to the step, so that a crowd that was cut
 * off at once does not come back at once. random is in [0, 1). */
export function backoff(n: number, random: () => number = Math.random): number {
  const step = steps[Math.min(n, steps.length - 1)] as number;
  return Math.round(step * random());
}

/** Waits ms, or less when the browser says that it is online again. Rejects with the signal's reason when aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (act: () => void) => {
      clearTimeout(timer);
      globalThis.removeEventListener?.('online', wake);
      signal?.removeEventListener('abort', abort);
      act();
    };
    const wake = () => end(resolve);
    const abort = () => end(() => reject(signal?.reason));
    const timer = setTimeout(wake, ms);
    globalThis.addEventListener?.('online', wake);
    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort);
  });
}
