// The real server: the binary that a user runs, in a process of its own.

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { until, within } from './until.mjs';

const readyMs = 5000;
const stopMs = 10_000;
const secret = 'a-secret-of-the-browser-tests-0123456789';

export class Server {
  #process;
  #directory;
  #exited;
  #log = '';

  /** The origin of its page: http://127.0.0.1:8080. */
  url;

  constructor(binary, directory, url) {
    this.binary = binary;
    this.url = url;
    this.#directory = directory;
  }

  /** Starts the server and waits until it is alive. settings are those of the configuration file, flags are added to the
   * command line. */
  static start({ binary, settings = {}, flags = [] }) {
    const all = { auth: { keys: { test: secret } }, ...settings };
    return Server.#run(binary, async (server) => {
      await writeFile(server.#config, JSON.stringify(all), { mode: 0o600 }); // JSON is YAML
      await server.#start(['--config', server.#config, ...flags]);
    });
  }

  /** Starts the server as a newcomer does: with nothing configured. It gives development tokens to its own page. */
  static startPlain(binary) {
    return Server.#run(binary, (server) => server.#start([]));
  }

  static async #run(binary, start) {
    const directory = await mkdtemp(path.join(tmpdir(), 'heliograph-server-'));
    const server = new Server(binary, directory, 'http://127.0.0.1:8080');
    try {
      await start(server);
    } catch (e) {
      await server.kill();
      throw e;
    }
    return server;
  }

  async #start(args) {
    this.#process = spawn(this.binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const output of [this.#process.stdout, this.#process.stderr]) {
      output.setEncoding('utf8');
      output.on('data', (text) => (this.#log += text));
    }
    this.#exited = new Promise((resolve) => {
      this.#process.on('error', (e) => resolve({ error: e }));
      this.#process.on('exit', (code, signal) => resolve({ code, signal }));
    });
    let exit;
    this.#exited.then((e) => (exit = e));
    await until('server is alive', async () => {
      if (exit) return true;
      return (await fetch(`${this.url}/livez`)).ok;
    }, readyMs, 20);
    if (exit) throw new Error(`the server ended while starting: ${JSON.stringify(exit)}\n${this.#log}`);
  }

  get #config() {
    return path.join(this.#directory, 'config.yml');
  }

  /** Everything that the server wrote. */
  get log() {
    return this.#log;
  }

  /** Makes a token as an operator does. */
  async token(room, identity, ...more) {
    const args = ['token', 'create', '--config', this.#config, '--room', room, '--identity', identity, ...more];
    const { stdout } = await promisify(execFile)(this.binary, args);
    return stdout.trim();
  }

  /** Ends the server as a service manager does, and requires that it ends in time and says that all was well. */
  async stop() {
    if (!this.#process) return;
    const child = this.#process;
    this.#process = undefined;
    child.kill('SIGTERM');
    try {
      const exit = await within('server ends after SIGTERM', stopMs, this.#exited);
      if (exit.code !== 0) throw new Error(`the server ended with ${JSON.stringify(exit)}`);
      if (/panic|DATA RACE/.test(this.#log)) throw new Error('the log of the server tells of a panic or a race');
    } finally {
      child.kill('SIGKILL');
      await rm(this.#directory, { recursive: true, force: true });
    }
  }

  /** Ends the server without asking. */
  async kill() {
    this.#process?.kill('SIGKILL');
    this.#process = undefined;
    await rm(this.#directory, { recursive: true, force: true });
  }
}
