// Which tiles come first.

/** What the order depends on. */
export interface Ranked {
  id: string;
  focus: boolean; // a screen, or pinned
  self: boolean;
  spokeAt: number; // when its participant last spoke, in milliseconds; 0: never
}

/** Orders the tiles: what is in focus, then the others in the order in which they came, the own tile last. Where only
 * some can be shown (room for limit), whoever spoke takes the place of the one who has been silent for the longest time;
 * nobody else moves. */
export function order<T extends Ranked>(tiles: readonly T[], limit: number): T[] {
  const focused = tiles.filter((t) => t.focus);
  const others = tiles.filter((t) => !t.focus && !t.self);
  const self = tiles.filter((t) => !t.focus && t.self);
  const room = Math.max(0, limit - focused.length - self.length);
  if (others.length <= room || room === 0) return [...focused, ...others, ...self];
  const shown = others.slice(0, room);
  const hidden = others.slice(room).sort((a, b) => b.spokeAt - a.spokeAt);
  for (const t of hidden) {
    const silent = shown.reduce((a, b) => (b.spokeAt < a.spokeAt ? b : a));
    if (t.spokeAt <= silent.spokeAt) break;
    shown[shown.indexOf(silent)] = t;
  }
  const rest = others.filter((t) => !shown.includes(t));
  return [...focused, ...shown, ...self, ...rest];
}
