import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SilenceWatch } from '../src/silence.js';
import { VirtualClock } from './clock.js';

/** A path whose traffic the test makes up. */
class Path {
  rtp = 0; // timestamp of the newest packet
  bytes = 0;
  expects = true;
  readonly told: string[] = [];
  readonly clock = new VirtualClock();
  readonly watch: SilenceWatch;

  constructor() {
    const pc = {
      getReceivers: () => [{ getSynchronizationSources: () => (this.rtp === 0 ? [] : [{ timestamp: this.rtp }]) }],
      getStats: async () => new Map([['a', { type: 'candidate-pair', bytesReceived: this.bytes }]]),
    };
    this.watch = new SilenceWatch(pc as unknown as RTCPeerConnection, {
      expects: () => this.expects,
      silent: () => this.told.push('silent'),
      heard: () => this.told.push('heard'),
    });
    this.watch.start();
  }

  /** Time passes while act happens each 100 ms. */
  async pass(ms: number, act: () => void = () => undefined): Promise<void> {
    for (let t = 0; t < ms; t += 100) {
      act();
      await this.clock.pass(100);
    }
  }

  close(): void {
    this.watch.stop();
    this.clock.close();
  }
}

test('packets, or else bytes, are heard', async () => {
  const path = new Path();
  await path.pass(5000, () => path.rtp++);
  await path.pass(5000, () => path.bytes++);
  assert.deepEqual(path.told, []);
  path.close();
});

test('a path that goes silent is told within two and a half seconds, and that it comes back', async () => {
  const path = new Path();
  await path.pass(3000, () => path.rtp++);
  await path.pass(1900);
  assert.deepEqual(path.told, []);
  await path.pass(600);
  assert.deepEqual(path.told, ['silent']);
  await path.pass(600, () => path.bytes++);
  assert.deepEqual(path.told, ['silent', 'heard']);
  path.close();
});

test('silence is told again while it lasts', async () => {
  const path = new Path();
  await path.pass(6600);
  assert.deepEqual(path.told, ['silent', 'silent', 'silent']);
  path.close();
});

test('where nothing has to come, silence is well', async () => {
  const path = new Path();
  path.expects = false;
  await path.pass(10_000);
  assert.deepEqual(path.told, []);
  path.expects = true;
  await path.pass(1500);
  assert.deepEqual(path.told, [], 'two seconds count from when something has to come');
  path.close();
});

test('counters that start anew with new ICE credentials are no traffic', async () => {
  const path = new Path();
  await path.pass(1000, () => (path.bytes += 1000));
  path.bytes = 0;
  await path.pass(2600);
  assert.deepEqual(path.told, ['silent']);
  path.close();
});

test('a watch that was stopped says nothing', async () => {
  const path = new Path();
  path.watch.stop();
  await path.pass(10_000);
  assert.deepEqual(path.told, []);
  path.close();
});
