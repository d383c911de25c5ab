import { posix } from 'node:path';
import { codeOf, importsOf } from './source-code.js';

/** Source files by their paths from the root, such as `lib/wire/checks.ts`. */
export type Sources = ReadonlyMap<string, string>;

/** What each part of the house may import: everything in the rows above it, and nothing beside it. */
const levels: readonly (readonly string[])[] = [
  ['errors'],
  ['core'],
  ['definitions', 'validation', 'wire'],
  ['engine', 'schedules'],
  ['nats', 'memory'],
  ['worker', 'client'],
  ['http', 'testing'],
  ['compat'],
  ['cli'],
  ['index', 'browser'],
];

/** Decorators write definitions, nothing else. */
const decoratorsMayImport = new Set(['errors', 'core', 'definitions', 'validation']);

/** The HTTP API is a client: it knows nothing of engines and transports. */
const httpMayImport = new Set(['errors', 'core', 'definitions', 'validation', 'wire', 'client']);

/** It runs in any runtime, but for what is there for Node.js. */
const isHttpForNode = (file: string) => /^lib\/http\/node[-.]/.test(file);

/** The packages (and `node:`) that a part may import; parts that are not listed may import all but `nats`. */
const packagesOf: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  core: ['immer'],
  definitions: ['reflect-metadata'],
  validation: ['class-validator', 'reflect-metadata'],
  wire: [],
  engine: ['lru-cache'],
  schedules: ['croner'],
  decorators: ['reflect-metadata'],
  http: ['hono'],
};

/** Time, randomness, waiting and IO come through ports there, and nothing depends on the locale of the process. */
const isPure = (part: string) => part === 'core' || part === 'engine' || part === 'schedules';

/** `new Date(time)` and types are pure, and so is all of Math but one method. */
const impureForms = [
  /(?<!new\s+|[.\w#])Date\s*(?:\.\s*\w+|[[(])/,
  /(?<==\s*)Date\b/,
  /(?<![.\w#])Math\b(?!\s*\.\s*(?!random\b)\w)(?:\s*\.\s*\w+)?/,
  /(?<!['.\w#])(?:setTimeout|setInterval|setImmediate|queueMicrotask|fetch|require|eval)\s*\(/,
  /(?<![.\w#])(?:globalThis|performance|process|crypto|console|Buffer|WebSocket|EventSource|Atomics|navigator)\b(?!\s*\??\s*:)/,
  /\bAbortSignal\s*\.\s*timeout\b/,
  /\bnew\s+Date\s*(?:\(\s*\)|(?![\s(\w]))/,
  /\b(?:toLocale\w+|localeCompare)\b/,
  /(?<![.\w#])Intl\s*\.\s*(?!DateTimeFormat\b)\w+/,
  /(?<![.\w#])Intl\b(?!\s*\.)/,
].map((form) => form.source);
const impurity = new RegExp(impureForms.join('|'), 'g');

/** As a type: `any` before a bracket, a colon or behind a dot is a method or a field of that name. */
const explicitAny = /(?<![.\w$#])any\b(?!\s*(?:[(<]|\??\s*:))|\?\s*any\b/g;

/** Modules are loaded in the ways that the table of imports sees. */
const hiddenImport = /(?<![.\w#])(?:createRequire|require)\s*\(|\bimport\s*\(\s*[^"'\s]/g;

/** `perdure replay`, `perdure func start` and `--codec` load modules that are named on the command line. */
const usersModules: ReadonlySet<string> = new Set(['lib/cli/users-module.ts', 'lib/cli/functions/users-functions.ts']);

const forbiddenNames = new Set([
  'utils',
  'util',
  'helpers',
  'helper',
  'common',
  'types',
  'internals',
  'internal',
  'misc',
]);

const maxLines = 400;
const maxMedian = 100;

/** Every violation of the house's rules in these files, as `file: what`. */
export function violations(sources: Sources): readonly string[] {
  const files = [...sources];
  return [
    ...files.flatMap(([file, source]) => importViolations(file, source)),
    ...files.flatMap(([file, source]) => codeViolations(file, source)),
    ...files.flatMap(([file]) => nameViolations(file)),
    ...surfaceViolations(sources),
    ...sizeViolations(sources),
    ...cycles(sources),
  ];
}

/** `wire` for lib/wire/checks.ts, `index` for lib/index.ts, `decorators` and `samples` for theirs. */
function partOf(file: string): string {
  const [top, part] = file.split('/');
  return top === 'lib' ? posix.basename(part!, '.ts') : top!;
}

function importViolations(file: string, source: string): readonly string[] {
  return importsOf(source).flatMap(({ specifier, isType }) => {
    const refused = specifier.startsWith('.')
      ? refusedFile(file, resolve(file, specifier), isType)
      : refusedPackage(file, specifier);
    return refused ? [`${file}: must not import ${specifier}`] : [];
  });
}

function refusedFile(file: string, target: string, isType: boolean): boolean {
  const [from, to] = [partOf(file), partOf(target)];
  if (from === to) return false;
  if (from === 'samples') return true;
  if (from === 'decorators') return !decoratorsMayImport.has(to);
  if (from === 'http') return !httpMayImport.has(to);
  if ((from === 'nats' || from === 'memory') && to === 'engine') return !isType;
  return levelOf(to) >= levelOf(from);
}

/** Parts that the table does not know come last: they may import all, and nothing may import them. */
function levelOf(part: string): number {
  const level = levels.findIndex((parts) => parts.includes(part));
  return level < 0 ? levels.length : level;
}

function refusedPackage(file: string, specifier: string): boolean {
  const part = partOf(file);
  const name = specifier.split('/')[0]!;
  if (isHttpForNode(file) && (name.startsWith('node:') || specifier === '@hono/node-server')) return false;
  const allowed = packagesOf[part];
  if (allowed !== undefined) return !allowed.includes(name);
  return (/^nats(?:$|\.|-)/.test(name) || name === '@nats-io') && part !== 'nats';
}

function codeViolations(file: string, source: string): readonly string[] {
  const code = codeOf(source);
  const forms = [
    explicitAny,
    ...(usersModules.has(file) ? [] : [hiddenImport]),
    ...(isPure(partOf(file)) ? [impurity] : []),
  ];
  const found = forms.flatMap((form) => [...code.matchAll(form)]);
  return found.map(
    ({ 0: text, index }) => `${file}:${code.slice(0, index).split('\n').length}: must not use ${text.trim()}`,
  );
}

function nameViolations(file: string): readonly string[] {
  const names = file.replace(/\.ts$/, '').split('/');
  const bad = names.find((name) => forbiddenNames.has(name) || !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name));
  return bad === undefined ? [] : [`${file}: must not be called ${bad}`];
}

/** What is public is listed by name, but for the errors: all of those are. */
const reExport = /\bexport\s+(?:(?:type\s+)?\{[^}]*\}|\*)\s*from\s*["'] *["'];?/g;

function surfaceViolations(sources: Sources): readonly string[] {
  const source = sources.get('lib/index.ts') ?? '';
  const isListed = codeOf(source.replace("export * from './errors.js';", '')).match(/\*/) === null;
  return isListed && codeOf(source).replaceAll(reExport, '').trim() === ''
    ? []
    : ['lib/index.ts: must list what is public, and hold no code'];
}

function sizeViolations(sources: Sources): readonly string[] {
  const sizes = Array.from(sources, ([file, source]) => ({ file, lines: source.trimEnd().split('\n').length }));
  const tooLong = sizes
    .filter(({ lines }) => lines > maxLines)
    .map(({ file, lines }) => `${file}: ${lines} > ${maxLines} lines`);
  const sorted = sizes.map(({ lines }) => lines).toSorted((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? 0;
  return median > maxMedian ? [...tooLong, `the median file has ${median} > ${maxMedian} lines`] : tooLong;
}

/** Cycles of imports that are needed at run time: in these a module may see another half loaded. */
function cycles(sources: Sources): readonly string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) found.push(`cycle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`);
    if (path.includes(file) || done.has(file)) return;
    for (const { specifier, isType } of importsOf(sources.get(file) ?? ''))
      if (specifier.startsWith('.') && !isType) visit(resolve(file, specifier), [...path, file]);
    done.add(file);
  };
  for (const file of sources.keys()) visit(file, []);
  return found;
}

function resolve(file: string, specifier: string): string {
  return posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts');
}
