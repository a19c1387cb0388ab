import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Participant, Publication } from '../src/protocol.js';
import { Roster } from '../src/roster.js';

const pub = (id: string, participant: string, more: Partial<Publication> = {}): Publication => ({
  id, participant, source: 'camera', kind: 'video', codec: 'vp8', ...more,
});
const person = (id: string, ...publications: Publication[]): Participant => ({ id, identity: `i-${id}`, publications });

function make() {
  const log: string[] = [];
  const roster = new Roster({
    joined: (p) => log.push(`joined ${p.id} with ${p.publications.length}`),
    left: (p, reason) => log.push(`left ${p.id} ${reason}`),
    added: (p) => log.push(`added ${p.id}`),
    updated: (p) => log.push(`updated ${p.id} ${p.muted}`),
    removed: (p) => log.push(`removed ${p.id}`),
    tilesChanged: () => undefined,
  });
  return { roster, take: () => log.splice(0) };
}

test('a participant is reported with what it publishes', () => {
  const { roster, take } = make();
  roster.join(person('a', pub('a1', 'a')));
  assert.deepEqual(take(), ['joined a with 1', 'added a1']);
  assert.equal(roster.get('a')?.camera?.id, 'a1');
  assert.equal(roster.get('a')?.name, 'i-a');
});

test('the same news twice is told once', () => {
  const { roster, take } = make();
  roster.join(person('a'));
  roster.put(pub('a1', 'a'));
  take();
  roster.join(person('a', pub('a1', 'a', { muted: true })));
  roster.leave('b', 'left');
  roster.remove('zzz');
  roster.put(pub('b1', 'b'));
  assert.deepEqual(take(), ['updated a1 true']);
});

test('who leaves takes along what it published', () => {
  const { roster, take } = make();
  roster.join(person('a', pub('a1', 'a'), pub('a2', 'a', { source: 'microphone', kind: 'audio', codec: 'opus' })));
  take();
  roster.leave('a', 'left');
  assert.deepEqual(take(), ['removed a1', 'removed a2', 'left a left']);
  assert.equal(roster.all().length, 0);
});

test('a new welcome is compared with what is known; the own participant is left out', () => {
  const { roster, take } = make();
  roster.reset([person('me'), person('a', pub('a1', 'a')), person('b')], 'me');
  assert.deepEqual(take(), ['joined a with 1', 'added a1', 'joined b with 0']);
  const same = roster.publication('a1');
  roster.reset([person('me'), person('a', pub('a1', 'a'), pub('a2', 'a')), person('c')], 'me');
  assert.deepEqual(take(), ['left b lost', 'updated a1 false', 'added a2', 'joined c with 0']);
  assert.ok(roster.publication('a1') === same, 'what is attached stays attached');
});

test('who is not in the list of speakers is silent', () => {
  const { roster } = make();
  roster.join(person('a'));
  roster.join(person('b'));
  roster.speak([{ participant: 'a', level: 0.5 }, { participant: 'gone', level: 1 }]);
  assert.deepEqual(roster.all().map((p) => [p.level, p.speaking]), [[0.5, true], [0, false]]);
  roster.speak([]);
  assert.equal(roster.get('a')?.speaking, false);
});
