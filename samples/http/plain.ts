import type { HttpApi } from 'perdure/http';
import { serveHttpApi } from 'perdure/http/node';
import type { Host } from './host.js';

export function listen(api: HttpApi): Promise<Host> {
  return serveHttpApi(api, { port: 0 });
}
