// The load test with browsers, as an operator runs it: they see each other beside the synthetic participants.

import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { check, until } from '../lib/until.mjs';

/** The processes that are ours and have not ended, by what started them. */
async function processes() {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const texts = await Promise.all(all.map(async (pid) => {
    const [stat, line] = await Promise.all(['stat', 'cmdline'].map((f) => readFile(`/proc/${pid}/${f}`, 'utf8').catch(() => '')));
    return /\) [ZX] /.test(stat) ? '' : `${pid} ${line.replaceAll('\0', ' ')}`;
  }));
  return texts.filter((t) => t.includes('loadtest') || t.includes('puppeteer_') || t.includes('playwright_'));
}

async function browsers() {
  const before = new Set(await processes());
  const bounds = [
    'browsers_joined>=2', 'browsers_failed<=0', 'browsers_blind<=0', 'browsers_views>=2', 'browsers_frames_decoded_min>=10', 'browsers_width_min>=100',
    'browsers_wrong_pictures<=0', 'frames_damaged<=0', 'faults<=0', 'frames_undecodable<=0', 'frames>=2', 'subscribers_without_video<=0',
  ];
  const { stdout } = await promisify(execFile)(process.env.SFU, [
    'loadtest', '--publishers', '1', '--subscribers', '2', '--browsers', '2', '--duration', '5s', '--json', ...bounds.flatMap((b) => ['--expect', b]),
  ]);
  const report = JSON.parse(stdout);
  const viewers = report.browser_views.map((v) => v.viewer).sort();
  check('one of each kind looked at the other', viewers.join() === 'chromium browser-1,firefox browser-2', report);
  console.log(`     ${report.browser_views.map((v) => `${v.viewer}: ${v.frames_decoded} frames, ${v.freezes} freezes`).join('; ')}`);
  await until('the load test has left no process', async () => (await processes()).every((p) => before.has(p)), 5000);
}

export default [{ name: 'load test with browsers', run: browsers }];
