// Getting a token to join with.

/** The server gives no tokens to pages; the user has to bring one. */
export class TokenNeeded extends Error {}

/** Asks the server for a development token. Rejects with TokenNeeded where it gives none. */
export async function devToken(room: string, identity: string, name: string): Promise<string> {
  const response = await fetch('/v1/dev/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ room, identity, name }),
  });
  if (response.status === 403 || response.status === 404) throw new TokenNeeded('This server asks for a token.');
  if (!response.ok) throw new Error(`The server answered ${response.status} when asked for a token.`);
  const body = (await response.json()) as { token: string };
  return body.token;
}

/** An identity for this visit: two tabs of one person are two participants. */
export function visitIdentity(name: string): string {
  const slug = name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 24) || 'guest';
  const [n = 0] = crypto.getRandomValues(new Uint32Array(1));
  return `${slug}-${n.toString(36)}`;
}
