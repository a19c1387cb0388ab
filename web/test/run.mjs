// Runs the browser tests: node run.mjs [part of a test's name...]
//
// SFU names the binary of the server. The network belongs to the run alone (scripts/browser-test makes it): the interface
// besides loopback has the address 10.77.0.1. Prints a line for each test and each figure; the last line sums up.

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Bench } from './lib/bench.mjs';
import { Site } from './lib/site.mjs';
import { within } from './lib/until.mjs';

const limitMs = 60_000;
const cleanMs = 20_000;

async function load(wanted) {
  const folder = path.join(import.meta.dirname, 'tests');
  const tests = [];
  for (const file of (await readdir(folder)).filter((f) => f.endsWith('.mjs')).sort()) {
    const { default: list } = await import(path.join(folder, file));
    tests.push(...list);
  }
  if (wanted.length === 0) return tests;
  return tests.filter((t) => wanted.some((w) => t.name.includes(w)));
}

async function runOne(bench, test) {
  const start = Date.now();
  let problem;
  try {
    await within('the test', limitMs, test.run(bench));
  } catch (e) {
    problem = e;
    await within('explain', cleanMs, bench.explain(test.name.replace(/\W+/g, '-'))).catch(() => undefined);
  }
  try {
    await within('cleaning up', cleanMs, bench.clean());
  } catch (e) {
    problem ??= e;
    await bench.abandonBrowsers();
  }
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  console.log(`${problem ? 'FAIL' : 'ok  '} ${test.name} (${seconds} s)`);
  if (problem) console.log(`     ${problem.stack.split('\n').slice(0, 4).join('\n     ')}`);
  return !problem;
}

async function main() {
  const binary = process.env.SFU;
  if (!binary) throw new Error('set SFU to the path of the server; scripts/browser-test does it');
  const tests = await load(process.argv.slice(2));
  if (tests.length === 0) throw new Error('no test has such a name');
  const site = await Site.start();
  const bench = new Bench(binary);
  let passed = 0;
  try {
    for (const test of tests) if (await runOne(bench, test)) passed++;
  } finally {
    await bench.end();
    await site.close();
  }
  const figures = bench.figures.map((f) => `${f.id} ${f.value} ${f.unit} (at most ${f.goal})`);
  console.log(`browser tests: ${[`${passed} passed, ${tests.length - passed} failed`, ...figures].join('; ')}`);
  return passed === tests.length ? 0 : 1;
}

process.exit(await main().catch((e) => {
  console.error(`browser tests: ${e.message}`);
  return 2;
}));
