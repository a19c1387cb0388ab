// Morse code, in which heliographs spoke.

const letters = 'a.- b-... c-.-. d-.. e. f..-. g--. h.... i.. j.--- k-.- l.-.. m-- n-. o--- p.--. q--.- r.-. s... t- u..- v...- w.-- x-..- y-.-- z--..';
const digits = '0----- 1.---- 2..--- 3...-- 4....- 5..... 6-.... 7--... 8---.. 9----.';

const code = new Map(`${letters} ${digits}`.split(' ').map((s) => [s[0] as string, s.slice(1)]));

/** The signs of a text, one string of dots and dashes for each letter and digit; the rest has none. */
export function morse(text: string): string[] {
  return [...text.toLowerCase()].flatMap((c) => code.get(c) ?? []);
}
