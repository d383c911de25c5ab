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
  t.deepEqual(of({ 'lib/nats/a.ts': "import 'nats';", 'lib/core/a.ts': "import 'immer';" }), []);
});

test('core and engine read no clock, roll no dice and set no timers', (t) => {
  const uses = [
    'Date.now()',
    'new Date()',
    'Date()',
    'Math.random()',
    'setTimeout(f)',
    'performance.now()',
    'crypto.randomUUID()',
    'process.env',
  ];
  for (const use of uses) {
    t.is(of({ 'lib/core/a.ts': `const a = 1;\nf(${use});` }).length, 1, use);
    t.deepEqual(of({ 'lib/client/a.ts': `f(${use});` }), [], use);
  }
  t.regex(
    of({ 'lib/engine/a.ts': 'const a = 1;\nf(`${Date.now()}`);' })[0]!,
    /^lib\/engine\/a\.ts:2: must not use Date\.now$/,
  );
  const allowed =
    'const at: Date = new Date(time); if (x instanceof Date) f(at); // Date.now()\nconst text = "Math.random()";';
  t.deepEqual(of({ 'lib/core/a.ts': allowed }), []);
});

test('lib has no any', (t) => {
  for (const use of [
    'let a: any;',
    'f(a as any);',
    'let a: Map<string, any>;',
    'let a: any[];',
    'type A = B | any;',
    'let a: Set<any>;',
  ])
    t.is(of({ 'lib/client/a.ts': use }).length, 1, use);
  const allowed =
    'ctx.any([a]); class A { any(tasks: Task[]): Task { return x; } } // any: any\nconst any = { any: 1 }; f(any, a);';
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
