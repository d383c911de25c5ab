import type { HttpFunction } from '../../compat/host/http-functions.js';
import type { RegisteredFunction } from '../../compat/functions/registered-function.js';
import type { QueueFunction } from '../../compat/host/queue-functions.js';
import { paint } from '../paint.js';

/** The functions of an app, as the tools of the original list them. */
export function functionLines(
  functions: readonly RegisteredFunction[],
  http: readonly HttpFunction[],
  queues: readonly QueueFunction[],
  origin: string,
): readonly string[] {
  const subjects = new Map(queues.map(({ registered, subject }) => [registered.name, ` [${subject}]`]));
  const byName = (a: string, b: string): number => (a < b ? -1 : 1);
  const asked = http
    .toSorted((a, b) => byName(a.registered.name, b.registered.name))
    .map(({ registered, methods, path }) => `${registered.name}: [${methods.join(',')}] ${origin}${path}`);
  const others = functions
    .filter(({ options }) => options.trigger.type !== 'httpTrigger')
    .toSorted((a, b) => byName(a.name, b.name))
    .map(({ name, options }) => `${name}: ${options.trigger.type}${subjects.get(name) ?? ''}`);
  return ['', paint('bold', 'Functions:'), ...[...asked, ...others].flatMap((line) => ['', `\t${line}`]), ''];
}
