import Module, { createRequire, register } from 'node:module';
import { pathToFileURL } from 'node:url';
import * as azureFunctions from '../../compat/azure-functions.js';
import * as durableFunctions from '../../compat/durable-functions.js';
import { ConfigError } from '../../errors.js';
import type { AppFolder } from './function-files.js';

/** What an app gets under the names of packages that it imports. */
const packages: ReadonlyMap<string, { readonly url: string; readonly exported: object }> = new Map([
  ['durable-functions', { url: addressOf('./packages/durable-functions.js'), exported: durableFunctions }],
  ['@azure/functions', { url: addressOf('./packages/azure-functions.js'), exported: azureFunctions }],
]);

function addressOf(path: string): string {
  return new URL(path, import.meta.url).href;
}

/** What `require` gives: an object of its own, which a program may change as it may the original's. */
const required = new Map([...packages].map(([name, { exported }]) => [name, { __esModule: true, ...exported }]));

interface Loader {
  _load(request: string, parent: unknown, isMain: boolean): unknown;
}

/** From here on modules get ours where they ask for the packages of the original. */
export function standIn(): void {
  register('./package-hooks.js', import.meta.url, { data: Array.from(packages, ([name, { url }]) => [name, url]) });
  const loader = Module as unknown as Loader;
  const load = loader._load.bind(loader);
  loader._load = (request, parent, isMain) => required.get(request) ?? load(request, parent, isMain);
}

/** Loads the modules of an app, which register its functions. Throws ConfigError for one that cannot be loaded. */
export async function loadFunctions({ files, isModule }: AppFolder): Promise<void> {
  for (const file of files) {
    try {
      if (file.endsWith('.mjs') || (isModule && !file.endsWith('.cjs'))) await import(pathToFileURL(file).href);
      else createRequire(file)(file);
    } catch (cause) {
      throw new ConfigError(`${file} cannot be loaded: ${(cause as Error).message}`, { cause });
    }
  }
}
