// What stands for somebody whose camera is off: initials in a mirror under a sky of their own.

const skies = 8;

/** The first letters of the first and the last word of a name; "?" for none. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letter = (w: string | undefined) => [...(w ?? '')][0] ?? '';
  const last = words.length > 1 ? words[words.length - 1] : undefined;
  return (letter(words[0]) + letter(last)).toUpperCase() || '?';
}

/** A sky from 0 to 7 that always belongs to the same identity. */
export function skyOf(identity: string): number {
  let hash = 2166136261; // FNV-1a
  for (const c of identity) hash = Math.imul(hash ^ (c.codePointAt(0) ?? 0), 16777619);
  return ((hash ^ (hash >>> 15)) >>> 0) % skies; // the low bits alone know little of the text
}
