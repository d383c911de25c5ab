import { setImmediate as immediate } from 'node:timers/promises';
import { HttpApi, type HttpApiOptions } from 'perdure/http';
import type { FaultPlan } from '../../lib/memory/faults.js';
import { Surroundings } from '../client/surroundings.js';
import { hostOf } from '../engine/surroundings.js';
import { entities, Kitchen, orchestrators } from './http-classes.js';

/** What the API has answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text as JSON; most of it are texts. */
  readonly body: Readonly<Record<string, string>>;
}

/** What a request carries. */
export interface Ask {
  readonly body?: unknown;
  readonly text?: string | ReadableStream<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
}

export const base = '/runtime/webhooks/durabletask';

/** The API of a task hub in memory. */
export class Restaurant {
  readonly around: Surroundings;
  readonly kitchen = new Kitchen();
  readonly api: HttpApi;
  /** What was told to `onError`. */
  readonly errors: unknown[] = [];

  constructor(options: HttpApiOptions = {}, surroundings: { faults?: FaultPlan } = {}) {
    this.around = new Surroundings(surroundings);
    this.api = new HttpApi(this.around.client, { onError: (error) => void this.errors.push(error), ...options });
  }

  /** With a worker. */
  static async open(options: HttpApiOptions = {}): Promise<Restaurant> {
    const restaurant = new Restaurant(options);
    await restaurant.work();
    return restaurant;
  }

  async work(): Promise<void> {
    await this.around.work('worker', hostOf({ entities, orchestrators, activities: [this.kitchen] }));
  }

  /** Asks a route; `path` is below the base path unless it is a whole URL. */
  ask = async (method: string, path: string, { body, text, headers }: Ask = {}): Promise<Answer> => {
    const url = path.startsWith('http') ? path : `http://localhost${base}${path}`;
    const request = new Request(url, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(text !== undefined && { body: text, duplex: 'half' as const }),
    });
    return this.answer(this.api.fetch(request));
  };

  answer = async (response: Promise<Response>): Promise<Answer> => {
    const { status, headers, body } = await this.settle(response);
    const text = body ? await this.settle(new Response(body).text()) : '';
    return { status, headers, text, body: (isJson(headers) ? JSON.parse(text) : undefined) as Answer['body'] };
  };

  /** Signatures are made in real time: virtual time passes meanwhile, but not faster. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = (): void => void (isSettled = true);
    promise.then(settled, settled);
    while (!isSettled) {
      await immediate();
      await this.around.advance(10);
    }
    return promise;
  }

  get = (path: string, ask?: Ask) => this.ask('GET', path, ask);
  post = (path: string, ask?: Ask) => this.ask('POST', path, ask);
  delete = (path: string, ask?: Ask) => this.ask('DELETE', path, ask);

  /** Long enough for views to show what is committed. */
  pass = (milliseconds = 1_000): Promise<void> => this.around.advance(milliseconds);
}

function isJson(headers: Headers): boolean {
  return /json/.test(headers.get('content-type') ?? '');
}
