// Waiting for conditions, never for a fixed time.

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks again and again until the answer is truthy, and returns it. Rejects after ms with what was awaited and the last
 * answer: falsy, or the error that asking gave. */
export async function until(what, ask, ms = 10_000, everyMs = 50) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try {
      last = await ask();
      if (last) return last;
    } catch (e) {
      last = e;
    }
    if (Date.now() >= end) throw new Error(`${what}: not within ${ms} ms; the last answer was ${describe(last)}`);
    await pause(everyMs);
  }
}

/** Rejects when work takes longer than ms. */
export async function within(what, ms, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: took longer than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Fails with a message that shows the value. */
export function check(what, ok, value) {
  if (!ok) throw new Error(value === undefined ? what : `${what}; it is ${describe(value)}`);
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const mid = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[mid] : (sorted[mid - 1] + sorted[mid]) / 2;
}

function describe(value) {
  if (value instanceof Error) return value.message.split('\n')[0];
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 400 ? `${text.slice(0, 400)}...` : text;
}
