// Errors as sentences that say what to do.

import { HeliographError } from '../sdk/src/index.js';

const sentences: Record<string, string> = {
  'client.connect': 'The server cannot be reached. Check your network, then try again.',
  'client.timeout': 'The server did not answer in time. Try again in a moment.',
  'client.negotiation': 'This browser and the server could not agree on how to send media.',
  'client.insecure': 'Cameras and microphones work on secure pages only. Open this page by https:// or on localhost.',
  'client.denied': 'The browser was not allowed to use it. Allow camera and microphone in the address bar, then try again.',
  'client.missing': 'No such device was found. Plug one in, or choose another.',
  'client.busy': 'The device could not be opened. Another program may be using it.',
  'client.unsupported': 'This browser cannot do that.',
  'auth.missing': 'The server asks for a token.',
  'auth.expired': 'The token has expired. Ask for a new link.',
  'auth.forged': 'The token was not made by this server.',
  'auth.invalid': 'The token cannot be used here.',
  'auth.room': 'The token is for another room.',
  'forbidden.publish': 'You are not allowed to share this here.',
  'forbidden.subscribe': 'You are not allowed to watch this room.',
  'forbidden.message': 'You are not allowed to write here.',
  'room.full': 'The room is full.',
  'rate.limited': 'That was too much at once. Wait a moment.',
  'server.draining': 'The server is about to restart. Try again in a moment.',
};

const closings: Record<number, string> = {
  4001: 'The token was refused.',
  4002: 'The token has expired. Ask for a new link.',
  4003: 'You were removed from the room.',
  4004: 'The room was closed.',
  4005: 'You joined this room from another window.',
  4006: 'This page is too old for the server. Reload it.',
};

/** Says what went wrong. */
export function explain(e: unknown): string {
  if (e instanceof HeliographError) {
    const closing = e.closeCode === undefined ? undefined : closings[e.closeCode];
    return closing ?? sentences[e.code] ?? e.message;
  }
  if (e instanceof TypeError) return sentences['client.connect'] as string; // fetch without a network
  return e instanceof Error ? e.message : String(e);
}

/** Says why a camera, microphone or screen is not there. */
export function explainDevice(what: string, e: unknown): string {
  if (!(e instanceof HeliographError)) return explain(e);
  const one = !what.includes(' and ');
  if (e.code === 'client.denied') return `The ${what} ${one ? 'is' : 'are'} blocked. Allow ${one ? 'it' : 'them'} in the address bar.`;
  if (e.code === 'client.missing') return one ? `No ${what} was found.` : 'No camera and no microphone were found.';
  if (e.code === 'client.busy') return `The ${what} could not be opened. Another program may be using ${one ? 'it' : 'them'}.`;
  return explain(e);
}
