// The page around the pictures: chat, people, keys, and how it looks on a desk and on a phone, by day and by night.

import { at } from '../lib/apppage.mjs';
import { check, until } from '../lib/until.mjs';

const desk = { width: 1280, height: 800 };
const phone = { width: 390, height: 844 };

async function two(bench) {
  const server = await bench.plainServer();
  const [ada, bob] = await Promise.all([
    bench.open(server, bench.chromium, { room: 'page', name: 'ada', source: { colour: 'red' } }),
    bench.open(server, bench.chromium, { room: 'page', name: 'bob', source: { colour: 'blue', tone: 700 } }),
  ]);
  await Promise.all([ada.prepare(), bob.prepare()]);
  await ada.join();
  check('the first is told that nobody is there', await ada.page.has(at('invitation')));
  await bob.join();
  await Promise.all([ada.sees('bob', 'blue'), bob.sees('ada', 'red')]);
  return [ada, bob];
}

const messages = (viewer) =>
  viewer.page.run((s) => [...document.querySelectorAll(s)].map((m) => m.querySelector('.message-text').textContent), at('message'));

async function chat(bench) {
  const [ada, bob] = await two(bench);
  await ada.click('chat');
  const text = 'Hello <b>Bob</b> & all, 100 %';
  await ada.page.fill(at('chat-input'), text);
  await ada.page.press('Enter');
  await until('the message arrives', async () => (await messages(bob)).length === 1);
  check('it is the text that was typed, not markup', (await messages(bob))[0] === text, await messages(bob));
  check('the sender sees it too', (await messages(ada))[0] === text, await messages(ada));
  await bob.click('chat');
  await bob.page.fill(at('chat-input'), 'Hi');
  await bob.click('chat-send');
  await until('the answer arrives', async () => (await messages(ada)).at(-1) === 'Hi');
}

async function people(bench) {
  const [ada, bob] = await two(bench);
  await ada.click('people-button');
  const names = () => ada.page.run((s) => [...document.querySelectorAll(`${s} .person-name`)].map((n) => n.textContent), at('person'));
  check('the list names both', (await names()).join() === 'ada (you),bob', await names());
  check('the count says two', (await ada.text('count')) === '2 people', await ada.text('count'));
  await bob.click('leave');
  await until('the list has one', async () => (await names()).join() === 'ada (you)');
  await until('the tile is gone', async () => (await ada.others()).length === 0);
  await until('who left is at the way in again', () => bob.page.has(at('join-screen')));
}

/** Every key that the page has does what its button does. */
async function keys(bench) {
  const [ada, bob] = await two(bench);
  const pressed = (testid) => ada.page.run((s) => document.querySelector(s).getAttribute('aria-pressed'), at(testid));
  const panel = () => ada.page.run((s) => document.querySelector(s).hidden ? '' : document.querySelector(s).ariaLabel, at('panel'));
  const becomes = (what, ask, value) => until(what, async () => (await ask()) === value, 5000);

  await ada.page.press('m');
  await Promise.all([becomes('m mutes', () => pressed('mic'), 'false'), bob.hearsNothing()]);
  await ada.page.press('m');
  await Promise.all([becomes('m unmutes', () => pressed('mic'), 'true'), bob.hears(ada.tone)]);
  await ada.page.press('v');
  await Promise.all([becomes('v turns the camera off', () => pressed('camera'), 'false'), bob.seesNothing('ada-camera')]);
  await ada.page.press('v');
  await Promise.all([becomes('v turns the camera on', () => pressed('camera'), 'true'), bob.sees('ada', 'red')]);
  await ada.page.press('p');
  await becomes('p shows the people', panel, 'People');
  await ada.page.press('c');
  await becomes('c shows the chat', panel, 'Chat');
  await ada.page.press('Escape');
  await ada.page.run(() => document.activeElement?.blur());
  await ada.page.press('Escape');
  await becomes('Escape closes the panel', panel, '');
  await ada.page.press('i');
  await until('i shows figures', () => ada.page.run((s) => [...document.querySelectorAll(s)].some((f) => !f.hidden && /fps/.test(f.textContent)), at('figures')), 5000);
  await ada.page.press('s');
  await becomes('s shares the screen', () => pressed('screen'), 'true');
  await bob.sees('ada', 'white', { source: 'screen' });
}

/** Pictures of the page for people to look at. */
function looks(colorScheme, viewport, name) {
  return async (bench) => {
    const server = await bench.server({ flags: ['--dev'] });
    const ada = await bench.open(server, bench.chromium, { room: 'amber-ridge-52', name: 'Ada', source: { colour: 'cyan' }, colorScheme, viewport });
    await ada.prepare();
    await ada.page.screenshot(`join-${name}`);
    await ada.join();
    await ada.page.screenshot(`alone-${name}`);
    const others = [['bob', 'red'], ['eve', 'green'], ['zoe', 'yellow']];
    await Promise.all(others.map(([identity, colour]) =>
      bench.join(server, bench.chromium, { room: 'amber-ridge-52', identity: `${identity}-1`, source: { colour, fps: 10, screen: { colour: 'white' } } })));
    await Promise.all(others.map(([identity, colour]) => ada.sees(identity, colour)));
    await ada.page.screenshot(`call-${name}`);
    await noneOutside(ada, viewport);
    await ada.click('chat');
    await ada.page.fill(at('chat-input'), 'Can you all see the signal?');
    await ada.page.press('Enter');
    await until('the message is there', async () => (await messages(ada)).length === 1);
    await ada.page.screenshot(`chat-${name}`);
    await noneOutside(ada, viewport);
    await ada.click('chat');
    await ada.click('screen');
    await ada.click('stats');
    await until('figures are shown', () => ada.page.run((s) => [...document.querySelectorAll(s)].some((f) => /fps/.test(f.textContent)), at('figures')));
    await ada.page.screenshot(`stats-${name}`);
  };
}

/** Nothing is wider than the window, and all buttons are in it. */
async function noneOutside(app, { width, height }) {
  const outside = await app.page.run(([w, h]) => {
    const out = [...document.querySelectorAll('button, [data-testid="tile"]')].filter((e) => e.checkVisibility()).filter((e) => {
      const b = e.getBoundingClientRect();
      return b.width > 0 && (b.left < -1 || b.right > w + 1 || b.top < -1 || b.bottom > h + 1);
    }).map((e) => e.dataset.testid ?? e.textContent);
    return document.documentElement.scrollWidth > w ? [...out, 'the page scrolls sideways'] : out;
  }, [width, height]);
  check('all buttons and tiles are in the window', outside.length === 0, outside);
}

export default [
  { name: 'chat', run: chat },
  { name: 'people', run: people },
  { name: 'keys', run: keys },
  { name: 'looks, light on a desk', run: looks('light', desk, 'light-desk') },
  { name: 'looks, dark on a phone', run: looks('dark', phone, 'dark-phone') },
  { name: 'looks, dark on a desk', run: looks('dark', desk, 'dark-desk') },
  { name: 'looks, light on a phone', run: looks('light', phone, 'light-phone') },
];
