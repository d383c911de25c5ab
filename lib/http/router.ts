import { Hono } from 'hono';
import { RefusedRequestError } from '../errors.js';
import type { Authorization } from './authorization.js';
import type { Doors } from './doors.js';
import { Query } from './query.js';
import { Call, type Route } from './route.js';
import type { Service } from './service.js';

/** Finds the route of a request, and lets it in. What it throws is answered by whoever calls it. */
export class Router {
  readonly #app: Hono;
  readonly #service: Service;
  readonly #doors: Doors;
  readonly #authorization: Authorization;

  constructor(routes: readonly Route[], service: Service, doors: Doors, authorization: Authorization) {
    this.#service = service;
    this.#doors = doors;
    this.#authorization = authorization;
    // The path is taken as it came: a part of it is decoded once, when it is known which it is.
    const app = new Hono({ getPath: pathOf });
    this.#app = app;
    app.onError((error) => {
      throw error;
    });
    app.notFound(({ req }) => {
      doors.check(req.raw);
      throw new RefusedRequestError(404, 'There is no such route.');
    });
    const methods = new Map<string, string[]>();
    for (const route of routes) {
      const path = `${service.basePath}${route.path}`;
      methods.set(path, [...(methods.get(path) ?? []), route.method]);
      app.on(route.method, path, ({ req }) => this.#handle(route, req.raw, req.param()));
    }
    for (const [path, allowed] of methods) app.all(path, ({ req }) => this.#otherwise(req.raw, allowed.join(', ')));
  }

  async route(request: Request): Promise<Response> {
    return this.#app.fetch(request);
  }

  async #handle(route: Route, request: Request, parts: Readonly<Record<string, string>>): Promise<Response> {
    if (request.method !== route.method) return this.#otherwise(request, route.method); // HEAD comes as GET
    const { action } = route;
    const query = new Query(new URL(request.url).searchParams);
    if (action !== undefined) {
      this.#doors.check(request);
      await this.#authorization.check(request, query.text('code'), { action, instanceId: parts['instanceId'] });
      this.#checkHub(query.text('taskHub'));
    }
    return route.handle(new Call(request, query, this.#service, parts));
  }

  /** Who means another hub must not reach this one. */
  #checkHub(taskHub: string | undefined): void {
    if (taskHub !== undefined && taskHub !== this.#service.client.taskHubName)
      throw new RefusedRequestError(404, 'This task hub is not served here.');
  }

  #otherwise(request: Request, allow: string): Response {
    this.#doors.check(request);
    const answer = this.#doors.preflight(request, allow);
    if (answer) return answer;
    throw new RefusedRequestError(405, `${request.method} is not for this route.`, { allow });
  }
}

/** Without a slash at its end. Throws RefusedRequestError for one that cannot be decoded. */
function pathOf(request: Request): string {
  const path = new URL(request.url).pathname;
  try {
    decodeURIComponent(path);
  } catch {
    throw new RefusedRequestError(400, 'The path is not encoded as a URL is.');
  }
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
