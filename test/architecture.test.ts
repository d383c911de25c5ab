import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { violations } from './architecture/rules.js';
import { codeOf, importsOf } from './architecture/source-code.js';

function sourcesIn(folder: string): [string, string][] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name).replaceAll('\\', '/'))
    .map((file) => [file, readFileSync(file, 'utf8')]);
}

const of = (files: Readonly<Record<string, string>>) => violations(new Map(Object.entries(files)));

test('the house keeps its rules', (t) => {
  const sources = new Map([...sourcesIn('lib'), ...sourcesIn('decorators'), ...sourcesIn('samples')]);
  t.true(sources.size > 10);
  t.deepEqual(violations(sources), []);
});

/** What tries again and again is watched: here, or by all that call it. */
const watchedBy: Readonly<Record<string, readonly string[]>> = {
  'lib/engine/checkpoints.ts': ['upkeep', 'partition-owner'],
  // What `perdure doctor` does, somebody waits for.
  'lib/engine/damaged-claim.ts': [],
  'lib/engine/diagnosis.ts': [],
  'lib/engine/given-up-mail.ts': [],
  'lib/engine/loss-acceptance.ts': [],
  'lib/engine/partition-reading.ts': [],
  'lib/engine/heads.ts': ['flusher', 'loads'],
  'lib/engine/log-end.ts': ['partition-owner'],
  // Whoever calls it is looked for below.
  'lib/engine/looks.ts': [],
  'lib/engine/parked-pages.ts': ['parking', 'instances'],
  'lib/engine/recovery.ts': ['partition-owner'],
  'lib/engine/segments.ts': ['flusher', 'loads'],
};

test('whatever tries again after a pause is a loop that the watchdog knows', (t) => {
  const sources = new Map([...sourcesIn('lib/engine'), ...sourcesIn('lib/worker')]);
  const isWatched = (file: string): boolean => /\bloops\b/i.test(codeOf(sources.get(file) ?? ''));
  const retries = Array.from(sources).filter(([, source]) =>
    /\(resolve\) => [\w#.]*clock\.after\([^;]*\bresolve\)|\blookFor\(/.test(codeOf(source)),
  );
  t.true(retries.length > 10);
  for (const [file] of retries) {
    const watchers = watchedBy[file]?.map((name) => `lib/engine/${name}.ts`) ?? [file];
    for (const watcher of watchers) t.true(isWatched(watcher), `${file}: not watched in ${watcher}`);
  }
});

test('imports point one way, also those of types', (t) => {
  t.deepEqual(of({ 'lib/core/a.ts': "import type { B } from '../wire/b.js';" }), [
    'lib/core/a.ts: must not import ../wire/b.js',
  ]);
  t.deepEqual(of({ 'lib/wire/a.ts': "export * from '../validation/b.js';" }), [
    'lib/wire/a.ts: must not import ../validation/b.js',
  ]);
  t.deepEqual(of({ 'lib/errors.ts': "import './core/a.js';" }), ['lib/errors.ts: must not import ./core/a.js']);
  t.deepEqual(of({ 'lib/client/a.ts': "const b = await import('../worker/b.js');" }), [
    'lib/client/a.ts: must not import ../worker/b.js',
  ]);
  t.deepEqual(of({ 'lib/nats/a.ts': "import { b } from '../engine/b.js';" }), [
    'lib/nats/a.ts: must not import ../engine/b.js',
  ]);
  t.deepEqual(of({ 'lib/http/a.ts': "import { b } from '../compat/b.js';" }), [
    'lib/http/a.ts: must not import ../compat/b.js',
  ]);
  t.deepEqual(of({ 'lib/engine/a.ts': "import { b } from '../unknown/b.js';" }), [
    'lib/engine/a.ts: must not import ../unknown/b.js',
  ]);
  t.deepEqual(of({ 'decorators/a.ts': "import { b } from '../lib/engine/b.js';" }), [
    'decorators/a.ts: must not import ../lib/engine/b.js',
  ]);
  t.deepEqual(of({ 'samples/hello/main.ts': "import { b } from '../../lib/index.js';" }), [
    'samples/hello/main.ts: must not import ../../lib/index.js',
  ]);
  const allowed = {
    'lib/nats/a.ts': "import type { Log } from '../engine/ports.js';",
    'lib/engine/a.ts': "import { b } from '../wire/b.js';\nimport { c } from './c.js';",
    'lib/wire/b.ts': "import { E } from '../errors.js';",
    'lib/cli/a.ts': "import { b } from '../client/b.js';\nimport { c } from 'commander';",
    'lib/compat/a.ts': "import { b } from '../http/b.js';\nimport { c } from '../worker/c.js';",
    'lib/index.ts': "export { b } from './client/b.js';",
    'decorators/a.ts': "import 'reflect-metadata';\nimport { d } from '../lib/definitions/d.js';",
    'samples/hello/main.ts': "import { b } from 'perdure';\nimport { c } from './c.js';",
  };
  t.deepEqual(of(allowed), []);
});

test('only lib/nats knows nats, and core, wire and engine know no node', (t) => {
  t.deepEqual(of({ 'lib/client/a.ts': "import { connect } from 'nats';" }), ['lib/client/a.ts: must not import nats']);
  t.deepEqual(of({ 'lib/memory/a.ts': "import { x } from '@nats-io/jetstream';" }), [
    'lib/memory/a.ts: must not import @nats-io/jetstream',
  ]);
  for (const part of ['core', 'wire', 'engine'])
    t.deepEqual(of({ [`lib/${part}/a.ts`]: "import { x } from 'node:fs';" }), [
      `lib/${part}/a.ts: must not import node:fs`,
    ]);
  for (const twin of ['nats.ws', 'nats-core', 'nats/lib/mod.js'])
    t.is(of({ 'lib/http/a.ts': `import { x } from '${twin}';` }).length, 1, twin);
  t.deepEqual(of({ 'lib/nats/a.ts': "import 'nats';", 'lib/core/a.ts': "import 'immer';" }), []);
});

/** All modules that are loaded with one of lib, with what they import of packages. */
function loadedWith(entry: string): ReadonlyMap<string, readonly string[]> {
  const sources = new Map(sourcesIn('lib'));
  const loaded = new Map<string, readonly string[]>();
  const load = (file: string): void => {
    if (loaded.has(file)) return;
    const specifiers = importsOf(sources.get(file)!).filter(({ isType }) => !isType);
    const packages = specifiers.map(({ specifier }) => specifier).filter((specifier) => !specifier.startsWith('.'));
    loaded.set(file, packages);
    for (const { specifier } of specifiers)
      if (specifier.startsWith('.')) load(join(file, '..', specifier).replace(/\.js$/, '.ts'));
  };
  load(entry);
  return loaded;
}

test('what runs in a browser loads nothing of Node.js, and neither the client for it nor a worker', (t) => {
  const loaded = loadedWith('lib/browser.ts');
  t.true(loaded.size > 100);
  const packages = new Set([...loaded.values()].flat());
  t.true(packages.has('nats.ws'));
  t.deepEqual(
    [...packages].filter((name) => name.startsWith('node:') || name === 'nats'),
    [],
  );
  for (const part of ['worker', 'cli', 'http', 'memory'])
    t.deepEqual(
      [...loaded.keys()].filter((file) => file.startsWith(`lib/${part}/`)),
      [],
    );
  t.true(loadedWith('lib/index.ts').get('lib/nats/connect.ts')!.includes('nats'), 'what it looks for is seen');
});

test('what is public for browsers is what is public elsewhere, but for what only a server has', (t) => {
  const names = (file: string): string[] =>
    Array.from(readFileSync(file, 'utf8').matchAll(/export (?:type )?\{([^}]*)\}/g), ([, list]) => list!)
      .flatMap((list) => list.split(','))
      .map((name) => name.replace('type', '').trim())
      .filter((name) => name !== '');
  const [everywhere, inBrowsers] = [names('lib/index.ts'), names('lib/browser.ts')];
  t.deepEqual(
    inBrowsers.filter((name) => !everywhere.includes(name)),
    ['BrowserTaskHubOptions'],
  );
  const ofServers = everywhere.filter((name) => !inBrowsers.includes(name)).toSorted((a, b) => (a < b ? -1 : 1));
  t.deepEqual(ofServers, [
    'DeleteTaskHubOptions',
    'Hosted',
    'HttpOptions',
    'HubCredentials',
    'HubTls',
    'TaskHubDescription',
    'TaskHubOptions',
    'TaskHubStream',
    'TaskHubWorker',
    'TaskHubWorkerOptions',
    'TokenRequest',
    'TokenSource',
    'createTaskHub',
    'deleteTaskHub',
    'inspectTaskHub',
  ]);
});

test('the HTTP API is a client that knows no engine, and no node but where it is for that', (t) => {
  for (const part of ['engine', 'nats', 'memory', 'worker', 'cli'])
    t.deepEqual(of({ 'lib/http/a.ts': `import type { B } from '../${part}/b.js';` }), [
      `lib/http/a.ts: must not import ../${part}/b.js`,
    ]);
  for (const name of ['node:http', '@hono/node-server', 'express'])
    t.deepEqual(of({ 'lib/http/a.ts': `import { x } from '${name}';` }), [`lib/http/a.ts: must not import ${name}`]);
  const allowed = {
    'lib/http/a.ts': "import { Hono } from 'hono';\nimport type { C } from '../client/c.js';",
    'lib/http/node-listener.ts':
      "import 'node:http';\nimport { a } from '@hono/node-server';\nimport { b } from './a.js';",
    'lib/cli/a.ts': "import { b } from '../http/a.js';",
  };
  t.deepEqual(of(allowed), []);
});

test('no module is loaded past the table of imports', (t) => {
  for (const load of [
    "import nats = require('nats');",
    "const nats = require('nats');",
    "const nats = createRequire(import.meta.url)('nats');",
    'const nats = await import(`nats`);',
    'const nats = await import(name);',
  ])
    t.is(of({ 'lib/client/a.ts': load }).length, 1, load);
  t.deepEqual(of({ 'lib/client/a.ts': "const a = await import('./b.js'); const b = import.meta.url;" }), []);
  const load = 'const theirs = await import(url);';
  for (const file of ['users-module.ts', 'functions/users-functions.ts'])
    t.deepEqual(of({ [`lib/cli/${file}`]: load }), [], 'what a user names on the command line');
  t.is(of({ 'lib/cli/instances/a.ts': load }).length, 1);
});

test('lib/index.ts lists what is public, and holds no code', (t) => {
  for (const source of ['export const a = 1;', "export * from './client/a.js';", "import { a } from './client/a.js';"])
    t.is(of({ 'lib/index.ts': source }).length, 1, source);
  const listed =
    "export * from './errors.js';\nexport { a, type B } from './core/a.js';\nexport type {\n  C,\n} from './core/c.js';";
  t.deepEqual(of({ 'lib/index.ts': listed }), []);
});

test('core and engine read no clock, roll no dice, set no timers and do no IO', (t) => {
  const uses = [
    'Date.now()',
    'new Date()',
    'Date()',
    'Math.random()',
    'setTimeout(f)',
    'performance.now()',
    'crypto.randomUUID()',
    'process.env',
    'Date["now"]()',
    'globalThis.setTimeout(g)',
    'await fetch(url)',
    'console.log(a)',
    'new WebSocket(url)',
    'AbortSignal.timeout(5)',
    'Buffer.from(a)',
  ];
  for (const taken of [
    'const D = Date;',
    'const { random } = Math;',
    'const { now } = performance;',
    'const at = new Date;',
  ])
    t.is(of({ 'lib/engine/a.ts': taken }).length, 1, taken);
  for (const use of uses) {
    t.is(of({ 'lib/core/a.ts': `const a = 1;\nf(${use});` }).length, 1, use);
    t.deepEqual(of({ 'lib/client/a.ts': `f(${use});` }), [], use);
  }
  t.regex(
    of({ 'lib/engine/a.ts': 'const a = 1;\nf(`${Date.now()}`);' })[0]!,
    /^lib\/engine\/a\.ts:2: must not use Date\.now$/,
  );
  const allowed =
    'const at: Date = new Date(time); if (x instanceof Date) f(Math.max(at, own.process(1))); // Date.now()\n' +
    'const text = "Math.random()"; interface Clock { setTimeout: Timer; performance?: number }';
  t.deepEqual(of({ 'lib/core/a.ts': allowed }), []);
});

test('core and engine fold, compare and write texts alike in every locale', (t) => {
  for (const use of [
    'name.toLocaleLowerCase()',
    'name?.toLocaleUpperCase()',
    'count.toLocaleString()',
    'a.localeCompare(b)',
    'names.toSorted(new Intl.Collator().compare)',
    'const { Collator } = Intl;',
  ])
    for (const part of ['core', 'engine', 'schedules'])
      t.is(of({ [`lib/${part}/a.ts`]: `f(() => { ${use} });` }).length, 1, use);
  t.deepEqual(of({ 'lib/core/a.ts': 'f(name.toLowerCase()); // not toLocaleLowerCase()' }), []);
  t.deepEqual(of({ 'lib/schedules/a.ts': "new Intl.DateTimeFormat('en', { timeZone });" }), []);
});

test('lib has no any', (t) => {
  for (const use of [
    'let a: any;',
    'f(a as any);',
    'let a: Map<string, any>;',
    'let a: any[];',
    'type A = B | any;',
    'let a: Set<any>;',
    'type A = any;',
    'let a: [any, string];',
    'let a: [string, any];',
    'type A<T = any> = T;',
    'type A<T> = T extends any ? 1 : 2;',
    'type A<T> = T extends string ? any : 2;',
    'type A = keyof any;',
    'f(a satisfies any);',
    'let a: (any);',
  ])
    t.is(of({ 'lib/client/a.ts': use }).length, 1, use);
  const allowed =
    'ctx.any([a]); class A { any<T>(tasks: T[]): Task { return x; } any?: T } // any: any\nf({ any: 1 }, a.any, many);';
  t.deepEqual(of({ 'lib/client/a.ts': allowed }), []);
});

test('files have telling kebab-case names', (t) => {
  for (const file of [
    'lib/utils.ts',
    'lib/core/helpers.ts',
    'lib/common/a.ts',
    'lib/core/taskNode.ts',
    'lib/core/types.ts',
  ])
    t.is(of({ [file]: '' }).length, 1, file);
  t.deepEqual(of({ 'lib/core/task-node.ts': '' }), []);
});

test('files are small', (t) => {
  const lines = (count: number) => 'x;\n'.repeat(count);
  t.deepEqual(of({ 'lib/core/a.ts': lines(401), 'lib/core/b.ts': '', 'lib/core/c.ts': '' }), [
    'lib/core/a.ts: 401 > 400 lines',
  ]);
  t.deepEqual(of({ 'lib/core/a.ts': lines(400), 'lib/core/b.ts': lines(100), 'lib/core/c.ts': '' }), []);
  t.deepEqual(of({ 'lib/core/a.ts': lines(101) }), ['the median file has 101 > 100 lines']);
});

test('modules do not wait for each other in a circle', (t) => {
  const circle = {
    'lib/core/a.ts': "import { b } from './b.js';",
    'lib/core/b.ts': "import { c } from './c.js';",
    'lib/core/c.ts': "export { a } from './a.js';",
  };
  t.deepEqual(of(circle), ['cycle: lib/core/a.ts -> lib/core/b.ts -> lib/core/c.ts -> lib/core/a.ts']);
  t.deepEqual(of({ ...circle, 'lib/core/c.ts': "import type { A } from './a.js';" }), []);
});

test('the scanner sees imports in code and not in comments, texts, templates or regular expressions', (t) => {
  const source = [
    '// import a from "a";',
    '/* import b from "b"; */ const quote = /[\'"/]`/; const half = x / 2 / y;',
    "const text = \"import c from 'c'\", escaped = 'it\\'s import d from \"d\"';",
    'const template = `import e from "e" ${f(`${"}"} import g from "g"`)} "`;',
    'import {\n  type H,\n  h,\n} from "h";',
    "import type { I } from 'i'; import 'j'; export * as k from 'k'; const l = import('l');",
  ].join('\n');
  t.is(codeOf(source).length, source.length);
  t.deepEqual(importsOf(source), [
    { specifier: 'h', isType: false },
    { specifier: 'i', isType: true },
    { specifier: 'k', isType: false },
    { specifier: 'j', isType: false },
    { specifier: 'l', isType: false },
  ]);
});
