// Reading and changing session descriptions (RFC 8866, RFC 8829) as text.

const eol = '\r\n';

/** The session part and the m-sections of a description, as lines. */
interface Sections {
  session: string[];
  media: string[][];
}

function split(sdp: string): Sections {
  const out: Sections = { session: [], media: [] };
  let current = out.session;
  for (const line of sdp.split(/\r?\n/)) {
    if (line === '') continue;
    if (line.startsWith('m=')) out.media.push((current = []));
    current.push(line);
  }
  return out;
}

function join(s: Sections): string {
  return [...s.session, ...s.media.flat()].join(eol) + eol;
}

function attribute(section: string[], name: string): string | undefined {
  return section.find((l) => l.startsWith(`a=${name}:`))?.slice(name.length + 3);
}

/** The mids in the order of the m-lines. Browsers give a transceiver its mid only when the description is set, and an
 * offer is sent before that. */
export function mids(sdp: string): string[] {
  return split(sdp).media.map((m) => attribute(m, 'mid') ?? '');
}

/** The payload types of a codec in one m-section: "opus", "vp8". */
function payloadTypes(section: string[], codec: string): string[] {
  const out: string[] = [];
  for (const line of section) {
    const m = /^a=rtpmap:(\d+) ([^/]+)\//.exec(line);
    if (m?.[1] && m[2]?.toLowerCase() === codec) out.push(m[1]);
  }
  return out;
}

function insertAfterMap(section: string[], pt: string, line: string): void {
  const at = section.findIndex((l) => l.startsWith(`a=rtpmap:${pt} `));
  section.splice(at + 1, 0, line);
}

/** Adds NACK to Opus. Browsers can resend audio but do not offer it; at 30 % loss it is what keeps speech whole. */
export function addOpusNack(sdp: string): string {
  const s = split(sdp);
  for (const section of s.media) {
    for (const pt of payloadTypes(section, 'opus')) {
      const line = `a=rtcp-fb:${pt} nack`;
      if (!section.includes(line)) insertAfterMap(section, pt, line);
    }
  }
  return join(s);
}

/** Sets format parameters of a codec (fmtp) in the m-sections with these mids; others keep theirs. */
export function setParameters(
  sdp: string,
  codec: string,
  parameters: Record<string, string | number>,
  where: (mid: string) => boolean = () => true,
): string {
  const s = split(sdp);
  for (const section of s.media) {
    if (!where(attribute(section, 'mid') ?? '')) continue;
    for (const pt of payloadTypes(section, codec)) setFormat(section, pt, parameters);
  }
  return join(s);
}

function setFormat(section: string[], pt: string, parameters: Record<string, string | number>): void {
  const prefix = `a=fmtp:${pt} `;
  const at = section.findIndex((l) => l.startsWith(prefix));
  const values = new Map<string, string>();
  if (at >= 0) {
    for (const part of (section[at] as string).slice(prefix.length).split(';')) {
      const [key = '', value = ''] = part.trim().split('=');
      if (key !== '') values.set(key, value);
    }
  }
  for (const [key, value] of Object.entries(parameters)) values.set(key, String(value));
  const line = prefix + [...values].map(([k, v]) => `${k}=${v}`).join(';');
  if (at >= 0) section[at] = line;
  else insertAfterMap(section, pt, line);
}

/** Header extensions that the server has no use for. It would not answer them; leaving them out makes the offer small. */
const idleExtensions = ['toffset', 'csrc-audio-level', 'video-content-type', 'video-timing', 'color-space', 'playout-delay'];

/** The offer without lines that mean nothing to the server: formats that the m-line does not list (Firefox), RTCP
 * addresses, the sources of m-lines that only receive. It halves Firefox's offer, so that a join fits into the 8 KiB that
 * the server takes from a stranger. The browser keeps the full text. */
export function slim(sdp: string): string {
  const s = split(sdp);
  s.media = s.media.map((section) => {
    const formats = new Set((section[0] as string).split(' ').slice(3));
    const receives = section.includes('a=recvonly');
    return section.filter((line) => !isIdle(line, formats, receives));
  });
  return join(s);
}

function isIdle(line: string, formats: Set<string>, receives: boolean): boolean {
  if (line.startsWith('a=rtcp:')) return true;
  if (receives && /^a=ssrc(-group)?:/.test(line)) return true;
  const format = /^a=(?:rtpmap|fmtp|rtcp-fb):(\d+) /.exec(line)?.[1];
  if (format !== undefined) return !formats.has(format);
  return line.startsWith('a=extmap:') && idleExtensions.some((e) => line.endsWith(e) || line.endsWith(`/${e}`));
}
