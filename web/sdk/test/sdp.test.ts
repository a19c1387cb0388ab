import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addOpusNack, mids, setParameters, slim } from '../src/sdp.js';

const lines = (...l: string[]) => l.join('\r\n') + '\r\n';

const session = ['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 7'];
const audio = [
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 63', 'c=IN IP4 0.0.0.0', 'a=mid:0', 'a=sendonly',
  'a=rtpmap:111 opus/48000/2', 'a=rtcp-fb:111 transport-cc', 'a=fmtp:111 minptime=10;useinbandfec=1', 'a=rtpmap:63 red/48000/2',
];
const video = ['m=video 9 UDP/TLS/RTP/SAVPF 96 97', 'a=mid:7', 'a=recvonly', 'a=rtpmap:96 VP8/90000', 'a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96'];

test('mids come in the order of the m-lines', () => {
  assert.deepEqual(mids(lines(...session, ...audio, ...video)), ['0', '7']);
  assert.deepEqual(mids(lines(...session)), []);
});

test('NACK is added to Opus once and to nothing else', () => {
  const out = addOpusNack(lines(...session, ...audio, ...video));
  assert.equal(out.match(/rtcp-fb:111 nack\r\n/g)?.length, 1);
  assert.equal(out.match(/ nack/g)?.length, 1);
  assert.equal(addOpusNack(out), out);
});

test('NACK takes the payload type that the browser has given Opus in each m-line', () => {
  const other = audio.map((l) => l.replace('111', '109').replace('mid:0', 'mid:1'));
  const out = addOpusNack(lines(...session, ...audio, ...other));
  assert.ok(out.includes('a=rtcp-fb:111 nack\r\n') && out.includes('a=rtcp-fb:109 nack\r\n'));
});

test('parameters are merged into the format line', () => {
  const out = setParameters(lines(...session, ...audio), 'opus', { usedtx: 1, useinbandfec: 0 });
  assert.ok(out.includes('a=fmtp:111 minptime=10;useinbandfec=0;usedtx=1\r\n'));
});

test('parameters make a format line where there is none, behind its rtpmap', () => {
  const out = setParameters(lines(...session, ...video), 'vp8', { 'max-fr': 30 });
  assert.ok(out.includes('a=rtpmap:96 VP8/90000\r\na=fmtp:96 max-fr=30\r\n'));
});

test('parameters keep to the m-lines that are asked for', () => {
  const other = audio.map((l) => l.replace('mid:0', 'mid:1'));
  const out = setParameters(lines(...session, ...audio, ...other), 'opus', { usedtx: 1 }, (mid) => mid === '1');
  assert.equal(out.match(/usedtx=1/g)?.length, 1);
  assert.ok(out.indexOf('usedtx') > out.indexOf('mid:1'));
});

test('a slim offer keeps what the server reads', () => {
  const text = lines(...session, ...audio, ...video);
  assert.equal(slim(text), text);
});

test('a slim offer leaves out what the server cannot use', () => {
  const idle = [
    'a=rtcp:9 IN IP4 0.0.0.0', 'a=rtcp-fb:120 nack', 'a=rtpmap:120 VP9/90000', 'a=fmtp:120 x=1',
    'a=ssrc:5 cname:x', 'a=ssrc-group:FID 5 6', 'a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level',
    'a=extmap:5 urn:ietf:params:rtp-hdrext:toffset',
  ];
  assert.equal(slim(lines(...session, ...video, ...idle)), lines(...session, ...video));
});

test('a slim offer keeps the sources of an m-line that sends, and the extensions that are used', () => {
  const kept = ['a=ssrc:5 cname:x', 'a=ssrc-group:FID 5 6', 'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid', 'a=rtcp-mux', 'a=rtcp-rsize', 'a=rtcp-xr:rcvr-rtt=all'];
  const text = lines(...session, ...audio, ...kept);
  assert.equal(slim(text), text);
});

test('lines that end in a bare newline are read too', () => {
  assert.deepEqual(mids([...session, ...audio].join('\n') + '\n'), ['0']);
});
