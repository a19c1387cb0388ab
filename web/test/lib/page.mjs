// One page of one browser: what playwright and puppeteer have in common, and what a test wants to know when it fails.

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { within } from './until.mjs';

const output = path.join(import.meta.dirname, '..', 'output');
const stepMs = 20_000;

export class Page {
  #page;
  #close;
  /** Errors that the page did not catch, and what it wrote to the console as errors. */
  errors = [];

  constructor(browser, page, close) {
    this.browser = browser;
    this.#page = page;
    this.#close = close;
    page.on('pageerror', (e) => this.errors.push(`uncaught: ${e.stack ?? e.message}`));
    page.on('console', (m) => m.type() === 'error' && this.errors.push(m.text()));
  }

  goto(url) {
    return within(`load ${url}`, stepMs, this.#page.goto(url));
  }

  /** Runs a function in the page. */
  run(script, argument) {
    return within('script in the page', stepMs, this.#page.evaluate(script, argument));
  }

  /** Clicks as a user does, so that the page has a gesture. */
  async click(selector) {
    await within(`click ${selector}`, stepMs, this.#find(selector, (e) => e.click()));
  }

  /** Types into a field, in place of what is there. */
  async fill(selector, text) {
    await within(`fill ${selector}`, stepMs, this.#find(selector, async (e) => {
      await e.evaluate((field) => field.select?.());
      await e.press('Backspace');
      await e.type(text);
    }));
  }

  async #find(selector, act) {
    const element = await this.#page.waitForSelector(selector, { timeout: stepMs });
    await act(element);
  }

  press(key) {
    return this.#page.keyboard.press(key);
  }

  has(selector) {
    return this.run((s) => document.querySelector(s) !== null, selector);
  }

  text(selector) {
    return this.run((s) => document.querySelector(s)?.textContent?.trim() ?? '', selector);
  }

  /** Keeps a picture of the page as test output and returns its path. */
  async screenshot(name) {
    await mkdir(output, { recursive: true });
    const file = path.join(output, `${name}.png`);
    await within('screenshot', stepMs, this.#page.screenshot({ path: file }));
    return file;
  }

  /** Closes the page and all that belongs to it. */
  close() {
    return within('close the page', stepMs, this.#close());
  }
}
