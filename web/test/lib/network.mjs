// The network of the run: UDP that stops to work, and a TURN server.

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { until } from './until.mjs';

/** The address of the interface besides loopback. */
export const address = '10.77.0.1';

/** The server's port for all media. */
export const mediaPort = 7700;

const nft = (rules) => promisify(execFile)('nft', [rules]);

/** Loses all UDP packets from now on. They vanish on arrival, as in a network: nothing tells the sender. Returns a
 * function that lets them through again. */
export async function blockUDP() {
  await nft('table inet blocked { chain input { type filter hook input priority 0; meta l4proto udp drop; }; }');
  return () => nft('delete table inet blocked');
}

/** Loses so many percent of the UDP packets that the server sends: what goes to its viewers, and its feedback to
 * publishers. Returns a function that ends it and tells how many packets were lost. */
export async function losePackets(percent) {
  const some = `numgen random mod 100 < ${percent} counter drop`;
  await nft(`table inet lossy { chain input { type filter hook input priority 0; udp sport ${mediaPort} ${some}; }; }`);
  return async () => {
    const { stdout } = await nft('list table inet lossy');
    await nft('delete table inet lossy');
    return Number(stdout.match(/counter packets (\d+)/)[1]);
  };
}

/** Lets through so many kilobytes of the server's UDP in a second and loses the rest, as a policer does. Returns a function that ends it. */
export async function limitRate(kilobytes) {
  const rest = `limit rate over ${kilobytes} kbytes/second burst 10 kbytes drop`;
  await nft(`table inet slow { chain input { type filter hook input priority 0; udp sport ${mediaPort} ${rest}; }; }`);
  return () => nft('delete table inet slow');
}

/** Debian's coturn with credentials by the TURN REST scheme. */
export class TURN {
  static secret = 'a-secret-of-the-turn-server';
  static port = 3478;
  #process;
  #directory;
  log = '';

  static async start() {
    const self = new TURN();
    self.#directory = await mkdtemp(path.join(tmpdir(), 'heliograph-turn-'));
    await self.#start();
    return self;
  }

  /** The URL of its service over UDP or TCP. */
  static url(transport) {
    return `turn:${address}:${TURN.port}?transport=${transport}`;
  }

  async #start() {
    const config = path.join(this.#directory, 'turnserver.conf');
    const lines = [
      `listening-ip=${address}`, `relay-ip=${address}`, `listening-port=${TURN.port}`, 'min-port=50000', 'max-port=50999',
      'use-auth-secret', `static-auth-secret=${TURN.secret}`, 'realm=turn.test', 'fingerprint', 'no-cli', 'no-tls', 'no-dtls',
      'no-multicast-peers', 'log-file=stdout', 'simple-log', `pidfile=${path.join(this.#directory, 'pid')}`,
      `userdb=${path.join(this.#directory, 'users')}`,
    ];
    await writeFile(config, `${lines.join('\n')}\n`);
    this.#process = spawn('turnserver', ['-c', config], { stdio: ['ignore', 'pipe', 'pipe'], cwd: this.#directory });
    for (const output of [this.#process.stdout, this.#process.stderr]) output.on('data', (text) => (this.log += text));
    this.#process.on('error', (e) => (this.log += e));
    await until('the TURN server listens', () => reachable(TURN.port), 10_000).catch((e) => {
      throw new Error(`${e.message}\n${this.log}`);
    });
  }

  async stop() {
    const exited = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await exited;
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function reachable(port) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, address);
    socket.on('error', reject);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
