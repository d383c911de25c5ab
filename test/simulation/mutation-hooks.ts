import type { InitializeHook, LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Mutant } from './mutants/mutant.js';

/**
 * Module loader hooks that load a second copy of everything for each mutant: a module asked for with `?mutant=<number>`
 * asks for what it imports in the same way, and one that the mutant names is changed as it is loaded. `everywhere`: the mutant that all
 * else is loaded with, too.
 */

let mutants: readonly Mutant[] = [];
let root = '';
let everywhere: string | null = null;

export const initialize: InitializeHook<{
  mutants: readonly Mutant[];
  root: string;
  everywhere?: string;
}> = (data) => {
  ({ mutants, root, everywhere = null } = data);
};

export const resolve: ResolveHook = async (specifier, context, next) => {
  const result = await next(specifier, context);
  const mutant = context.parentURL && new URL(context.parentURL).searchParams.get('mutant');
  if (!mutant || !result.url.startsWith(root) || result.url.includes('/node_modules/')) return result;
  const url = new URL(result.url);
  url.searchParams.set('mutant', mutant);
  return { ...result, url: url.href };
};

export const load: LoadHook = async (url, context, next) => {
  const result = await next(url, context);
  const number = url.startsWith(root) ? (new URL(url).searchParams.get('mutant') ?? everywhere) : null;
  if (number === null) return result;
  const mutant = mutants[Number(number)]!;
  const path = fileURLToPath(url);
  const edits = mutant.edits.filter(({ file }) => path.endsWith(`/build/lib/${file}`));
  if (edits.length === 0) return result;
  let source = Buffer.from(result.source as Uint8Array).toString('utf8');
  for (const { find, replacement } of edits) source = replaced(source, find, replacement, `${mutant.what} (${path})`);
  return { ...result, source };
};

function replaced(source: string, find: string, replacement: string, where: string): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`${where}: found ${parts.length - 1} times, not once: ${find}`);
  return parts.join(replacement);
}
