import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '../errors.js';

/** What a module of a user's exports; `name`: what names it on the command line. Throws ConfigError. */
export async function moduleAt(file: string, name: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(resolve(file)).href)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new ConfigError(`${name}: ${file} cannot be loaded: ${(cause as Error).message}`, { cause });
  }
}
