import type { HttpFunction } from '../../compat/host/http-functions.js';
import type { RegisteredFunction } from '../../compat/functions/registered-function.js';
import { paint } from '../paint.js';

/** The functions of an app, as the tools of the original list them. */
export function functionLines(
  functions: readonly RegisteredFunction[],
  http: readonly HttpFunction[],
  origin: string,
): readonly string[] {
  const byName = (a: string, b: string): number => (a < b ? -1 : 1);
  const asked = http
    .toSorted((a, b) => byName(a.registered.name, b.registered.name))
    .map(({ registered, methods, path }) => `${registered.name}: [${methods.join(',')}] ${origin}${path}`);
  const others = functions
    .filter(({ options }) => options.trigger.type !== 'httpTrigger')
    .toSorted((a, b) => byName(a.name, b.name))
    .map(({ name, options }) => `${name}: ${options.trigger.type}`);
  return ['', paint('bold', 'Functions:'), ...[...asked, ...others].flatMap((line) => ['', `\t${line}`]), ''];
}
