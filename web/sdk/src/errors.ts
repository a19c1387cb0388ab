// What can go wrong, as one class with a stable code.

/** Codes of the SDK itself; every other code comes from the protocol's error table. */
export type ClientCode =
  | 'client.connect' // the server could not be reached
  | 'client.lost' // the websocket or the media transport was lost
  | 'client.timeout' // no response in time
  | 'client.closed' // the room was left or closed
  | 'client.refused' // the server closed the session for good (close codes 4000 to 4099)
  | 'client.negotiation' // offer and answer could not be applied
  | 'client.insecure' // cameras need HTTPS or localhost
  | 'client.denied' // the user or the system denied the device
  | 'client.missing' // no such device
  | 'client.busy' // the device is in use or broken
  | 'client.unsupported'; // the browser lacks what was asked for

/** An error with a code that code can rely on. The message is for people. */
export class HeliographError extends Error {
  override readonly name = 'HeliographError';
  /** Whether the same request may succeed later. */
  readonly retry: boolean;
  /** How long to wait before that, in milliseconds; 0 if nothing is known. */
  readonly retryAfterMs: number;
  /** The websocket close code, when one was received. */
  readonly closeCode: number | undefined;

  constructor(
    readonly code: ClientCode | (string & {}),
    message: string,
    more: { retry?: boolean; retryAfterMs?: number; closeCode?: number; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.retry = more.retry ?? false;
    this.retryAfterMs = more.retryAfterMs ?? 0;
    this.closeCode = more.closeCode;
  }
}

/** Whether e says that the current session is gone, so that the caller may wait for the next one. */
export function isLost(e: unknown): boolean {
  return e instanceof HeliographError && e.code === 'client.lost';
}
