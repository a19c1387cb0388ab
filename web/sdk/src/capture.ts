// Opening cameras, microphones and screens.

import { HeliographError } from './errors.js';

/** How a source is captured; what is left out has a default. */
export interface CaptureOptions {
  deviceId?: string;
  /** Pixels and frames per second that are asked for; the device may give less. 1280 x 720 at 30 by default. */
  width?: number;
  height?: number;
  fps?: number;
  facingMode?: 'user' | 'environment';
  /** Microphone: echo cancellation, noise suppression and gain control, all on by default. */
  processing?: boolean;
  /** Screen: capture its sound too if the browser can; true by default. */
  audio?: boolean;
}

/** Opens the camera. Rejects with client.denied, client.missing, client.busy or client.insecure. */
export async function captureCamera(o: CaptureOptions): Promise<MediaStreamTrack> {
  const video: MediaTrackConstraints = {
    width: { ideal: o.width ?? 1280 },
    height: { ideal: o.height ?? 720 },
    frameRate: { ideal: o.fps ?? 30 },
  };
  if (o.deviceId) video.deviceId = { exact: o.deviceId };
  else if (o.facingMode) video.facingMode = o.facingMode;
  const stream = await open('camera', (m) => m.getUserMedia({ video }));
  return only(stream.getVideoTracks());
}

/** Opens the microphone. Rejects as captureCamera does. */
export async function captureMicrophone(o: CaptureOptions): Promise<MediaStreamTrack> {
  const on = o.processing ?? true;
  const audio: MediaTrackConstraints = { echoCancellation: on, noiseSuppression: on, autoGainControl: on };
  if (o.deviceId) audio.deviceId = { exact: o.deviceId };
  const stream = await open('microphone', (m) => m.getUserMedia({ audio }));
  return only(stream.getAudioTracks());
}

/** Asks for a screen, window or tab. The second track is its sound, if there is any. */
export async function captureScreen(o: CaptureOptions): Promise<{ video: MediaStreamTrack; audio?: MediaStreamTrack }> {
  const constraints: DisplayMediaStreamOptions = {
    video: { frameRate: { max: o.fps ?? 15 } },
    audio: (o.audio ?? true) && { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  };
  const stream = await open('screen', (m) => {
    if (!m.getDisplayMedia) throw new HeliographError('client.unsupported', 'This browser cannot share the screen.');
    return m.getDisplayMedia(constraints);
  });
  const video = only(stream.getVideoTracks());
  const audio = stream.getAudioTracks()[0];
  return audio ? { video, audio } : { video };
}

function only(tracks: MediaStreamTrack[]): MediaStreamTrack {
  const track = tracks[0];
  if (!track) throw new HeliographError('client.missing', 'The device gave no track.');
  return track;
}

async function open(what: string, ask: (m: MediaDevices) => Promise<MediaStream>): Promise<MediaStream> {
  if (!navigator.mediaDevices) {
    throw new HeliographError('client.insecure', `The ${what} can be used on pages from HTTPS or localhost only.`);
  }
  try {
    return await ask(navigator.mediaDevices);
  } catch (e) {
    throw e instanceof HeliographError ? e : explain(what, e);
  }
}

function explain(what: string, e: unknown): HeliographError {
  const name = e instanceof DOMException || e instanceof Error ? e.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return new HeliographError('client.denied', `The use of the ${what} was not allowed.`, { cause: e });
    case 'NotFoundError':
    case 'OverconstrainedError':
      return new HeliographError('client.missing', `No ${what} was found.`, { cause: e });
    default:
      return new HeliographError('client.busy', `The ${what} could not be opened.`, { cause: e, retry: true });
  }
}
