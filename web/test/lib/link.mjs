// A bad network between one viewer and the server: scripts/linkemu, which the viewer takes for the server because the
// answers that it gets name the emulator's address. Everybody else goes straight.

import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { address, mediaPort } from './network.mjs';
import { until, within } from './until.mjs';

const output = path.join(import.meta.dirname, '..', 'output');
const binary = process.env.LINKEMU;

export class Link {
  #process;
  #exited;
  #reports = [];
  #errors = '';
  #ready = false;
  port;
  /** What the link did, in both directions, ten times a second: see scripts/linkemu. */
  samples = [];

  static async start(port) {
    if (!binary) throw new Error('set LINKEMU to the path of scripts/linkemu as a program; scripts/browser-test does it');
    const self = new Link();
    self.port = port;
    self.#process = spawn(binary, ['-listen', `${address}:${port}`, '-server', `${address}:${mediaPort}`], { stdio: 'pipe' });
    self.#process.stderr.on('data', (text) => (self.#errors += text));
    self.#process.stdin.on('error', () => undefined);
    self.#exited = new Promise((resolve) => self.#process.once('exit', resolve));
    createInterface({ input: self.#process.stdout }).on('line', (line) => self.#take(JSON.parse(line)));
    await until('the link emulator is there', () => self.#ready, 5000, 10).catch((e) => {
      throw new Error(`${e.message}\n${self.#errors}`);
    });
    return self;
  }

  #take(line) {
    if (line.ready) this.#ready = true;
    else if (line.report) this.#reports.push(line.report);
    else this.samples.push(line);
  }

  /** Changes the link from now on: an order of scripts/linkemu. */
  order(order) {
    if (this.#errors) throw new Error(this.#errors);
    this.#process.stdin.write(`${JSON.stringify(order)}\n`);
  }

  /** What became of the packets of each RTP source since the start. */
  async report() {
    const seen = this.#reports.length;
    this.order({ report: true });
    await until('the link emulator reports', () => this.#reports.length > seen, 5000, 10);
    return this.#reports.at(-1);
  }

  /** The script that leads a page's transports over this link, for the option init of Bench.join. */
  get init() {
    return [[leadOver, { address, from: mediaPort, to: this.port }]];
  }

  /** Keeps the samples, and a plot of those since a time with what the browser received, as test output. */
  async keep(name, title, since, received) {
    await mkdir(output, { recursive: true });
    const lines = [...this.samples, ...received].filter((s) => s.at >= since).sort((a, b) => a.at - b.at);
    const text = `${lines.map((l) => JSON.stringify(l)).join('\n')}\n`;
    await writeFile(path.join(output, `${name}.jsonl`), text);
    const draw = spawn(binary, ['-plot', title], { stdio: ['pipe', 'pipe', 'inherit'] });
    let svg = '';
    draw.stdout.on('data', (part) => (svg += part));
    const done = new Promise((resolve) => draw.once('close', resolve));
    draw.stdin.end(text);
    await within('drawing', 5000, done);
    await writeFile(path.join(output, `${name}.svg`), svg);
  }

  async stop() {
    this.#process.stdin.end();
    await within('the link emulator ends', 5000, this.#exited).finally(() => this.#process.kill('SIGKILL'));
  }
}

/** Runs in the page, before its scripts: every answer names one candidate only, the emulator's. */
function leadOver({ address, from, to }) {
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class RTCPeerConnection extends Native {
    setRemoteDescription(description) {
      let found = false;
      const lead = (line) => {
        if (!line.startsWith('a=candidate:')) return line;
        const fields = line.split(' ');
        if (fields[2].toLowerCase() !== 'udp' || fields[4] !== address || Number(fields[5]) !== from) return undefined;
        found = true;
        fields[5] = to;
        return fields.join(' ');
      };
      const lines = description.sdp.split('\r\n').map(lead).filter((line) => line !== undefined);
      if (!found) throw new Error(`the answer names no candidate ${address}:${from}`);
      return super.setRemoteDescription({ type: description.type, sdp: lines.join('\r\n') });
    }
  };
}
