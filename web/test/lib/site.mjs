// A web server with an application's own page, at another origin than the server: the page in page/ and the SDK as it is
// built into the binary.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';

const here = import.meta.dirname;

const files = {
  '/': [path.join(here, '..', 'page', 'index.html'), 'text/html; charset=utf-8'],
  '/main.js': [path.join(here, '..', 'page', 'main.js'), 'text/javascript; charset=utf-8'],
  '/sdk.js': [path.join(here, '..', '..', 'dist', 'sdk.js'), 'text/javascript; charset=utf-8'],
};

export class Site {
  static port = 8090;
  static url = `http://127.0.0.1:${Site.port}`;
  #server;

  static async start() {
    const self = new Site();
    self.#server = createServer((request, response) => self.#serve(request, response));
    await new Promise((resolve, reject) => {
      self.#server.once('error', reject);
      self.#server.listen(Site.port, '127.0.0.1', resolve);
    });
    return self;
  }

  async #serve(request, response) {
    const file = files[new URL(request.url, Site.url).pathname];
    if (!file) return response.writeHead(404).end();
    const [name, type] = file;
    try {
      const content = await readFile(name);
      response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(content);
    } catch (e) {
      response.writeHead(500).end(String(e));
    }
  }

  close() {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }
}
