import { existsSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { projectDataFolder } from '../../nats/server/data-folder.js';
import { UsageError } from '../exit-codes.js';

/** A file that starts a worker, and the project that it is of. */
export interface ServiceFile {
  readonly file: string;
  /** The folder of the nearest package.json, or else its own. */
  readonly project: string;
  readonly isTypeScript: boolean;
  /** For people: from the working directory. */
  readonly shown: string;
}

/** Where a service is looked for in a folder. */
const names = ['service', 'worker', 'main', 'index'].flatMap((name) => [`src/${name}`, name]);
const extensions = ['.ts', '.mts', '.js', '.mjs'];

/** The service file that a path means: itself, or the first one of a folder. Throws UsageError. */
export function serviceFile(path: string): ServiceFile {
  const file = resolve(path);
  if (!existsSync(file)) throw new UsageError(`There is no file or folder ${path}.`);
  if (!statSync(file).isDirectory()) return described(file);
  const candidates = names.flatMap((name) => extensions.map((extension) => join(file, name + extension)));
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found !== undefined) return described(found);
  throw new UsageError(`There is no service in ${path}: name the file that starts the worker, such as src/service.ts.`);
}

function described(file: string): ServiceFile {
  if (!extensions.some((extension) => file.endsWith(extension)))
    throw new UsageError(`${relative('.', file)} is neither TypeScript nor JavaScript.`);
  const project = dirname(projectDataFolder(dirname(file)));
  return { file, project, isTypeScript: /\.m?ts$/.test(file), shown: relative('.', file) || file };
}
