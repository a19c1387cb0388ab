// Which codecs and header extensions an m-line offers.

const supports = (kind: 'audio' | 'video'): RTCRtpCodec[] => RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];

const nameOf = (c: RTCRtpCodec): string => (c.mimeType.split('/')[1] ?? '').toLowerCase();

/** The video codecs that this browser can receive, by their protocol names. */
export function videoCodecs(): string[] {
  const known = ['vp8', 'vp9', 'h264', 'h265', 'av1'];
  const names = new Set(supports('video').map(nameOf));
  return known.filter((c) => names.has(c));
}

/** Restricts a transceiver to one video codec with its retransmissions, to Opus, or to RED before Opus ("red"). An offer of ten m-lines is then 7 kB
 * and not 38, and costs the server a tenth. Browsers without setCodecPreferences offer all. */
export function preferCodec(t: RTCRtpTransceiver, kind: 'audio' | 'video', codec: string): void {
  if (!t.setCodecPreferences) return;
  const wanted = kind === 'audio' ? ['opus'] : [codec, 'rtx'];
  const codecs = supports(kind).filter((c) => wanted.includes(nameOf(c)));
  if (!codecs.some((c) => nameOf(c) === wanted[0])) return;
  if (codec === 'red') codecs.unshift(...supports(kind).filter((c) => nameOf(c) === 'red'));
  t.setCodecPreferences(codecs);
}

/** setHeaderExtensionsToNegotiate is in Chromium only, and not in TypeScript's types. */
interface ExtensionControl {
  getHeaderExtensionsToNegotiate?(): { uri: string; direction: RTCRtpTransceiverDirection }[];
  setHeaderExtensionsToNegotiate?(e: { uri: string; direction: RTCRtpTransceiverDirection }[]): void;
}

const needed = {
  audio: ['sdes:mid', 'transport-wide-cc', 'ssrc-audio-level'],
  video: ['sdes:mid', 'rtp-stream-id', 'transport-wide-cc'],
};

/** Asks for the header extensions that the server uses and stops the others, where the browser lets us. SVC of AV1 is
 * decoded only with the dependency descriptor, which no browser asks for by itself. */
export function chooseExtensions(t: RTCRtpTransceiver, kind: 'audio' | 'video', codec: string): void {
  const control = t as ExtensionControl;
  if (!control.getHeaderExtensionsToNegotiate || !control.setHeaderExtensionsToNegotiate) return;
  const svc = codec === 'av1' || codec === 'vp9';
  const wanted = svc ? [...needed[kind], 'dependency-descriptor'] : needed[kind];
  const extensions = control.getHeaderExtensionsToNegotiate();
  for (const e of extensions) {
    const use = wanted.some((w) => e.uri.includes(w));
    if (!use) e.direction = 'stopped';
    else if (e.uri.includes('dependency-descriptor')) e.direction = 'sendrecv';
  }
  control.setHeaderExtensionsToNegotiate(extensions);
}
