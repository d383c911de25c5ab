import { entityName } from '../durable/entity-id.js';
import { knownName } from '../durable/function-names.js';

/** The request with the names of functions as they are registered: in the original they are the same in capitals and not. */
export function canonicalPath(request: Request, basePath: string): Request {
  const url = new URL(request.url);
  const [kind, name, ...rest] = url.pathname.slice(basePath.length + 1).split('/');
  if (name === undefined || name === '') return request;
  const known =
    kind === 'entities' ? entityName(name) : kind === 'orchestrators' ? knownName('orchestrationTrigger', name) : name;
  if (known === name) return request;
  url.pathname = [basePath, kind, known, ...rest].join('/');
  return new Request(url, request);
}
