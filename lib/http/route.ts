export { jsonResponse as json } from '../client/http-responses.js';
import type { HttpAction } from './actions.js';
import { jsonOf, requiredJsonOf } from './body.js';
import type { Query } from './query.js';
import type { Service } from './service.js';

/** A parameter of a query or a header, for the description. */
export interface Parameter {
  readonly name: string;
  readonly description: string;
  readonly in?: 'header';
  readonly type?: 'boolean' | 'integer' | 'number';
  readonly isRequired?: true;
}

/** A request that was let in. */
export class Call {
  readonly request: Request;
  readonly query: Query;
  readonly service: Service;
  readonly #parameters: Readonly<Record<string, string>>;

  constructor(request: Request, query: Query, service: Service, parameters: Readonly<Record<string, string>>) {
    this.request = request;
    this.query = query;
    this.service = service;
    this.#parameters = parameters;
  }

  /** A part of the path, decoded. */
  part(name: string): string {
    return this.#parameters[name] ?? '';
  }

  /** The body; undefined: there is none. */
  json(): Promise<unknown> {
    return jsonOf(this.request, this.service.limits);
  }

  /** The body. Throws RefusedRequestError when there is none. */
  requiredJson(): Promise<unknown> {
    return requiredJsonOf(this.request, this.service.limits);
  }

  get origin(): string {
    return this.service.origin(this.request);
  }
}

/** A route: what the router, the authorization and the description are made of. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the base path; `:name` stands for one part. */
  readonly path: string;
  /** Undefined: open to everybody. */
  readonly action: HttpAction | undefined;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  /** What the body is. */
  readonly body?: string;
  readonly responses: Readonly<Record<number, string>>;
  readonly handle: (call: Call) => Promise<Response>;
}

/** Something was taken, and there is nothing to say of it. */
export function accepted(): Response {
  return new Response(null, { status: 202 });
}
