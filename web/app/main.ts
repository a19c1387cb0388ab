// The page: from the join screen into the call and back.

import { connect, type HeliographError, type Room } from '../sdk/src/index.js';
import { CallScreen } from './call.js';
import { explain } from './explain.js';
import { JoinScreen, type Choice } from './join.js';
import { loadPrefs } from './prefs.js';
import { pathOf, roomOf, tokenOf } from './route.js';
import { shortcuts } from './shortcuts.js';
import { devToken, TokenNeeded, visitIdentity } from './token.js';

/** What the page lends to the browser's console: connect, and the room while there is one. room.debug() dumps what was
 * said and measured. */
interface Console {
  connect: typeof connect;
  room: Room | undefined;
}

declare global {
  var heliograph: Console;
}

globalThis.heliograph = { connect, room: undefined };

const root = document.getElementById('app') as HTMLElement;
let token = takeToken();
let asked = token !== '';

/** The token in the address is for whoever was given the link; it is not left there to be copied. */
function takeToken(): string {
  const found = tokenOf(location.hash);
  if (found !== '') history.replaceState(null, '', location.pathname + location.search);
  return found;
}

function showJoin(room: string, problem?: string): void {
  const screen = new JoinScreen({
    room, token, askToken: asked,
    ...(problem === undefined ? {} : { problem }),
    join: (choice) => void enter(choice, () => {
      unkey();
      screen.close();
    }),
  });
  const unkey = shortcuts({ m: () => screen.toggle('microphone'), v: () => screen.toggle('camera') });
  root.replaceChildren(screen.element);
  document.title = 'Heliograph';
  screen.focus();
}

/** Joins with what the user chose; done is called when the join screen is no longer needed. */
async function enter(choice: Choice, done: () => void): Promise<void> {
  token = choice.token;
  const identity = visitIdentity(choice.name);
  history.replaceState(null, '', pathOf(choice.room));
  const tracks = choice.preview.give();
  try {
    const room = await connect({
      url: location.origin,
      room: choice.room,
      token: token !== '' ? token : () => devToken(choice.room, identity, choice.name),
      publish: tracks,
    });
    done();
    showCall(room, choice);
  } catch (e) {
    done();
    if (e instanceof TokenNeeded) asked = true;
    showJoin(choice.room, e instanceof TokenNeeded ? e.message : explain(e));
  }
}

function showCall(room: Room, choice: Choice): void {
  const link = location.origin + pathOf(room.name || choice.room);
  const screen = new CallScreen(room, link, (error: HeliographError | undefined) => {
    globalThis.heliograph.room = undefined;
    screen.close();
    showJoin(choice.room, error && explain(error));
  });
  globalThis.heliograph.room = room;
  root.replaceChildren(screen.element);
  document.title = `${room.name} · Heliograph`;
  const { speakerId } = loadPrefs();
  if (speakerId !== '') void room.setSpeaker(speakerId).catch(() => undefined);
}

// A link with a token that is opened where the page is open already changes the fragment only.
addEventListener('hashchange', () => tokenOf(location.hash) !== '' && location.reload());

showJoin(roomOf(location.pathname));
