// The golden transcripts of testdata/signaling, with the SDK as the client.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import call from '../../../testdata/signaling/call.jsonl';
import errors from '../../../testdata/signaling/errors.jsonl';
import expired from '../../../testdata/signaling/expired.jsonl';
import full from '../../../testdata/signaling/full.jsonl';
import kicked from '../../../testdata/signaling/kicked.jsonl';
import malformed from '../../../testdata/signaling/malformed.jsonl';
import order from '../../../testdata/signaling/order.jsonl';
import repeat from '../../../testdata/signaling/repeat.jsonl';
import restart from '../../../testdata/signaling/restart.jsonl';
import { HeliographError } from '../src/errors.js';
import type { Err, Publication, Welcome } from '../src/protocol.js';
import { Roster } from '../src/roster.js';
import { SlotTable } from '../src/slots.js';
import { open } from './scripted.js';

const transcripts = { call, errors, expired, full, kicked, malformed, order, repeat, restart };

interface Frame {
  t: string;
  id?: number;
  re?: number;
  r?: number;
  s?: number;
  d?: object;
}

interface Line {
  note?: string;
  from?: 'client' | 'server';
  frame?: Frame;
  text?: string;
  close?: number;
}

/** Plays a transcript: sends what the client sends, says what the server says. */
async function replay(text: string) {
  const { socket, server, events, lost } = await open();
  const ids = new Map<number, number>(); // of the transcript to ours
  const outcomes = new Map<number, unknown>();
  const responses = new Map<number, Frame>();
  const said: Frame[] = [];
  for (const line of text.trim().split('\n').map((l) => JSON.parse(l) as Line)) {
    const { frame } = line;
    if (line.from === 'client' && frame?.id !== undefined && !ids.has(frame.id)) {
      const { id } = frame;
      const request = socket.request(frame.t, frame.d ?? {});
      request.then((d) => outcomes.set(id, d), (e) => outcomes.set(id, e));
      ids.set(id, server.sent[server.sent.length - 1]?.id ?? 0);
    }
    if (line.from === 'server' && frame) {
      server.say(frame.re === undefined ? frame : { ...frame, re: ids.get(frame.re) ?? 0 });
      if (frame.re === undefined) said.push(frame);
      else if (!responses.has(frame.re)) responses.set(frame.re, frame);
      if (frame.t === 'welcome') socket.startLog((frame.d as Welcome).log.r);
      for (let i = 0; i < 5; i++) await Promise.resolve(); // what waited for the response goes on
    }
    if (line.close !== undefined) server.onclose?.({ code: line.close, reason: '' });
  }
  await Promise.resolve();
  return { events, lost, outcomes, responses, said };
}

/** The publications of others, in a plain map. */
function model(welcome: Welcome, said: { t: string; d?: unknown }[]): Map<string, Publication> {
  const all = new Map<string, Publication>();
  const others = new Set<string>();
  const join = (p: Welcome['participants'][number]) => {
    if (p.id === welcome.participant) return;
    others.add(p.id);
    for (const x of p.publications) all.set(x.id, x);
  };
  welcome.participants.forEach(join);
  for (const { t, d } of said as { t: string; d: never }[]) {
    const data = d as { participant: never; publication: never };
    if (t === 'participant.joined') join(data.participant);
    if (t === 'participant.left') {
      others.delete(data.participant);
      for (const x of [...all.values()]) if (x.participant === data.participant) all.delete(x.id);
    }
    const p = data?.publication as Publication;
    if (t === 'publication.added' || t === 'publication.updated') if (others.has(p.participant)) all.set(p.id, p);
    if (t === 'publication.removed') all.delete(data.publication);
  }
  return all;
}

for (const [name, text] of Object.entries(transcripts)) {
  test(`transcript ${name}`, async () => {
    const { events, lost, outcomes, responses, said } = await replay(text);
    for (const [id, response] of responses) {
      if (id === 0) continue; // an err that answers no request
      const outcome = outcomes.get(id);
      if (response.t !== 'err') assert.deepEqual(outcome, response.d ?? {}, `request ${id}`);
      else {
        assert.ok(outcome instanceof HeliographError, `request ${id}`);
        assert.equal(outcome.code, (response.d as Err).code);
        assert.equal(outcome.retry, (response.d as Err).retry);
      }
    }
    assert.deepEqual(events, said, 'each event once, in order');
    const close = text.trim().split('\n').map((l) => (JSON.parse(l) as Line).close).find((c) => c !== undefined);
    assert.equal(lost.length, close === undefined ? 0 : 1);
    if (close !== undefined) assert.equal(lost[0]?.retry, close < 4000 || close > 4099);
  });

  test(`transcript ${name}: the roster and the slots are those of a plain map`, async () => {
    const { events, responses } = await replay(text);
    const welcome = [...responses.values()].find((r) => r.t === 'welcome')?.d as Welcome | undefined;
    if (!welcome) return; // refused
    const nothing = () => undefined;
    const roster = new Roster({ joined: nothing, left: nothing, added: nothing, updated: nothing, removed: nothing, tilesChanged: nothing });
    const slots = new SlotTable();
    if (welcome.slots) slots.apply(welcome.slots);
    roster.reset(welcome.participants, welcome.participant);
    for (const e of events) {
      if (e.t === 'slots') slots.apply(e.d as never);
      else roster.event(e);
    }
    const want = model(welcome, events);
    assert.deepEqual(roster.publications().map((p) => p.id).sort(), [...want.keys()].sort());
    for (const p of roster.publications()) assert.equal(p.muted, want.get(p.id)?.muted ?? false);
    const last = events.filter((e) => e.t === 'slots').pop()?.d ?? welcome.slots;
    assert.deepEqual(slots.all(), (last as Welcome['slots'])?.slots ?? []);
  });
}
