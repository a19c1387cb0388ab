// The room in the address, and the link to share.

const first = ['amber', 'bright', 'calm', 'clear', 'copper', 'early', 'golden', 'high', 'keen', 'quiet', 'silver', 'steady', 'sunlit', 'swift', 'warm', 'white'];
const second = ['beacon', 'cairn', 'crest', 'dawn', 'glint', 'harbor', 'lantern', 'mesa', 'mirror', 'outlook', 'pass', 'ridge', 'signal', 'summit', 'tower', 'valley'];

const pick = (list: string[], n: number) => list[n % list.length] as string;

/** A room name that can be said on the telephone: "amber-ridge-52". */
export function randomRoom(): string {
  const [a = 0, b = 0, c = 0] = crypto.getRandomValues(new Uint32Array(3));
  return `${pick(first, a)}-${pick(second, b)}-${10 + (c % 90)}`;
}

/** What is left of a room name that somebody typed: words in small letters with hyphens between them. */
export function cleanRoom(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);
}

/** The room that a path names: "/r/amber-ridge-52"; empty if it names none. */
export function roomOf(path: string): string {
  const name = /^\/r\/([^/]+)$/.exec(path)?.[1];
  if (name === undefined) return '';
  try {
    return cleanRoom(decodeURIComponent(name));
  } catch {
    return '';
  }
}

/** The path of a room. */
export function pathOf(room: string): string {
  return `/r/${encodeURIComponent(room)}`;
}

/** The token of a fragment like "#token=eyJ..."; empty if there is none. */
export function tokenOf(fragment: string): string {
  return new URLSearchParams(fragment.replace(/^#/, '')).get('token') ?? '';
}
