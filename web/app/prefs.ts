// What the page remembers on this machine.

/** The remembered choices. Device ids are the browser's; they change when the user clears the site's data. */
export interface Prefs {
  name: string;
  camera: boolean;
  microphone: boolean;
  cameraId: string;
  microphoneId: string;
  speakerId: string;
}

const key = 'heliograph.prefs';
const defaults: Prefs = { name: '', camera: true, microphone: true, cameraId: '', microphoneId: '', speakerId: '' };

/** Reads what is remembered; a browser that stores nothing gets the defaults. */
export function loadPrefs(): Prefs {
  try {
    return { ...defaults, ...(JSON.parse(localStorage.getItem(key) ?? '{}') as Partial<Prefs>) };
  } catch {
    return { ...defaults };
  }
}

/** Remembers some choices. */
export function savePrefs(change: Partial<Prefs>): void {
  try {
    localStorage.setItem(key, JSON.stringify({ ...loadPrefs(), ...change }));
  } catch {
    // Private windows may refuse; then nothing is remembered.
  }
}
