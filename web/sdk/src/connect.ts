// The way into a room.

import type { LocalPublishOptions } from './local.js';
import { Room } from './room.js';
import { connectURL } from './socket.js';

/** How to join. */
export interface ConnectOptions {
  /** The server: "https://sfu.example.com", or the whole address of its websocket. */
  url: string;
  /** The token, or a function that gets one: it is asked again when the room has to be joined anew. */
  token: string | (() => string | Promise<string>);
  /** The room, if the token is for a pattern of names. */
  room?: string;
  /** What to publish in the same round trip; true stands for the defaults. */
  publish?: { camera?: LocalPublishOptions | boolean; microphone?: LocalPublishOptions | boolean };
  /** Leaves the room, or gives joining up. */
  signal?: AbortSignal;
  /** "relay" sends media through TURN servers only. */
  iceTransportPolicy?: RTCIceTransportPolicy;
  /** The room's video codec, if it is known not to be VP8; saves a round trip. */
  codec?: string;
  /** Pause the encodings of a video that nobody gets, and send them again when somebody does; true by default. */
  dynacast?: boolean;
}

/** Joins a room. Call it inside a gesture of the user, such as a click: browsers then let the room be heard. Rejects with a
 * HeliographError whose code is the server's or the SDK's, or with the signal's reason. */
export async function connect(options: ConnectOptions): Promise<Room> {
  const room = new Room({
    url: connectURL(options.url, globalThis.location?.href),
    token: options.token,
    room: options.room,
    codec: options.codec ?? 'vp8',
    dynacast: options.dynacast ?? true,
    iceTransportPolicy: options.iceTransportPolicy ?? 'all',
  });
  const wanted = [];
  for (const source of ['microphone', 'camera'] as const) {
    const o = options.publish?.[source];
    if (o) wanted.push([source, o === true ? {} : o] as [typeof source, LocalPublishOptions]);
  }
  await room.join(wanted, options.signal);
  return room;
}
