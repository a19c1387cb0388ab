// The lists of devices.

/** A device as a list shows it. */
export interface Device {
  id: string;
  label: string;
}

/** The devices of one kind. Browsers tell their names only when one was used. */
export async function listDevices(kind: MediaDeviceKind): Promise<Device[]> {
  const words = { videoinput: 'Camera', audioinput: 'Microphone', audiooutput: 'Speaker' }[kind];
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return all
    .filter((d) => d.kind === kind && d.deviceId !== '')
    .map((d, i) => ({ id: d.deviceId, label: d.label || `${words} ${i + 1}` }));
}

/** Whether this browser can play through a chosen speaker. */
export const canChooseSpeaker = 'setSinkId' in HTMLMediaElement.prototype;

/** Fills a select with devices, and hides it while there is nothing to choose from. */
export async function fillSelect(select: HTMLSelectElement, kind: MediaDeviceKind, chosen: string): Promise<void> {
  const devices = await listDevices(kind).catch(() => []);
  select.replaceChildren(...devices.map((d) => new Option(d.label, d.id, false, d.id === chosen)));
  select.disabled = devices.length === 0;
  if (devices.length === 0) select.append(new Option('None found', ''));
}

/** Calls changed when a device is plugged in or out; returns a function that ends it. */
export function watchDevices(changed: () => void): () => void {
  navigator.mediaDevices?.addEventListener('devicechange', changed);
  return () => navigator.mediaDevices?.removeEventListener('devicechange', changed);
}
