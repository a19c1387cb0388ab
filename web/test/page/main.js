// A page of an application of its own: joins, publishes and shows what the test says. It uses the SDK as anybody would.

import { connect } from './sdk.js';

let room;
const tiles = new Map(); // "identity source": how to take it away
const errors = [];

/** Joins a room. */
async function join({ url, token, publish, codec, relay, dynacast }) {
  room = await connect({ url, token, publish, codec, dynacast, iceTransportPolicy: relay ? 'relay' : 'all' });
  window.room = room;
  room.on('error', (e) => errors.push(`${e.code}: ${e.message}`));
  room.on('state', (state, e) => e && errors.push(`${state}: ${e.code}: ${e.message}`));
  return { id: room.local.id, identity: room.local.identity };
}

const remote = (identity) => room.participants.find((p) => p.identity === identity);
const publication = (identity, source) => remote(identity)?.bySource(source);

/** Shows a source of a participant in a tile of this size, in place of the tile that shows it now. False: not there yet. */
function show({ identity, source = 'camera', width = 320, height = 180, tile = `${identity}-${source}` }) {
  const p = publication(identity, source);
  if (!p) return false;
  let box = document.getElementById(`box-${tile}`);
  if (!box) {
    box = document.createElement('div');
    box.className = 'tile';
    box.id = `box-${tile}`;
    const video = document.createElement('video');
    video.id = tile;
    box.append(video);
    document.getElementById('tiles').append(box);
  }
  box.style.width = `${width}px`;
  box.style.height = `${height}px`;
  const old = tiles.get(tile);
  if (old?.publication === p) return true;
  old?.detach();
  const detach = p.attach(box.firstChild);
  tiles.set(tile, { publication: p, detach });
  return true;
}

/** Who is in the room, and what they publish. */
function others() {
  return room.participants.map((p) => ({
    identity: p.identity,
    publications: p.publications.map(({ source, codec, muted, state }) => ({ source, codec, muted, state })),
  }));
}

/** How many messages of a type were sent (>) or received (<). */
async function count(way, type) {
  const { transcript } = await room.debug();
  return transcript.filter((l) => l.way === way && l.text.includes(`"t":"${type}"`)).length;
}

document.getElementById('start').addEventListener('click', (e) => {
  e.target.disabled = true;
  e.target.textContent = 'Started';
});

window.test = { join, show, others, count, problems: () => errors };
