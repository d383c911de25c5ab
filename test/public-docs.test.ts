import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { compile, examplesIn } from './doc-examples.js';
import { exportsOf, type Declaration, type Exported, type Files } from './public-docs/declarations.js';

/** The built declarations of the package, by their paths from the root. */
function builtFiles(): Map<string, string> {
  const names = ['build/lib', 'build/decorators'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
  );
  return new Map(names.filter((name) => name.endsWith('.d.ts')).map((name) => [name, readFileSync(name, 'utf8')]));
}

/** The declarations that the package's users import, by the paths in its package.json. */
function entries(): string[] {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    exports: Record<string, { types?: string }>;
  };
  return Object.values(exports).flatMap(({ types }) => (types === undefined ? [] : [types.replace(/^\.\//, '')]));
}

const files = builtFiles();
const exported = entries().flatMap((entry) => exportsOf(entry, files));

/** What is missing in the doc comments of these declarations. */
function faults(declared: readonly Exported[]): string[] {
  const byName = new Map(declared.map((one) => [one.name, one]));
  return declared.flatMap((one) => [
    ...commentFaults(one.name, one),
    ...one.members.flatMap((member) =>
      member.comment === '' && isInherited(member, one, byName)
        ? []
        : commentFaults(`${one.name}.${member.name}`, member),
    ),
    ...(needsExample(one, byName) && !declared.some((other) => other.name === one.name && hasExample(other))
      ? [`${one.name} has no @example`]
      : []),
  ]);
}

function commentFaults(name: string, { comment }: Declaration): string[] {
  if (comment.replace(/^@[^]*/m, '') === '') return [`${name} has no doc comment`];
  const tags = comment.replaceAll(/^```ts\n[^]*?^```$/gm, '```').matchAll(/^@example\b(.*(?:\n.*)?)/gm);
  const isBare = Array.from(tags, ([, text]) => text!).some((text) => text !== '\n```');
  return isBare ? [`${name} has an @example that is no block of ts`] : [];
}

/** Whether a base class says what the member is: then it says it for all that extend it. */
function isInherited(member: Declaration, { base }: Exported, byName: ReadonlyMap<string, Exported>): boolean {
  const parent = base === undefined ? undefined : byName.get(base);
  if (!parent) return false;
  const same = parent.members.find(({ name }) => name === member.name);
  return (same !== undefined && same.comment !== '') || isInherited(member, parent, byName);
}

/** Classes and functions are used as they stand; errors are caught, and types come with what has them. */
function needsExample({ kind, name, base }: Exported, byName: ReadonlyMap<string, Exported>): boolean {
  if (kind === 'function') return true;
  const parent = base === undefined ? undefined : byName.get(base);
  return kind === 'class' && name !== 'PerdureError' && (parent === undefined || needsExample(parent, byName));
}

const hasExample = ({ comment }: Declaration) => /^@example$/m.test(comment);

test('every public name says what it is, and every public class and function shows its use', (t) => {
  t.true(exported.length > 80);
  t.true(exported.flatMap(({ members }) => members).length > 150);
  t.deepEqual(faults(exported), []);
});

test('every example in a public doc comment compiles', async (t) => {
  const comments = new Map(
    exported.flatMap((one) => [one, ...one.members].map(({ name, comment }) => [comment, name])),
  );
  const examples = [...comments].flatMap(([comment, name]) =>
    examplesIn(`${comment}\n`).map((code) => ({ name, code })),
  );
  const modules = new Map(examples.map(({ name, code }, at) => [`${name}-${at}.ts`, code]));
  t.true(modules.size >= 15);
  t.is(await compile('public', modules), '');
});

test('a public name without a comment is noticed, wherever it stands', (t) => {
  const without = (file: string, comment: RegExp) => {
    const text = files.get(file)!;
    t.regex(text, comment);
    const found = entries().flatMap((entry) => exportsOf(entry, new Map(files).set(file, text.replace(comment, ''))));
    return [...new Set(faults(found))]; // what two entries export is found twice
  };
  const all = /\/\*\*(?:(?!\*\/)[^])*\*\/\s+(?=export declare class OrchestrationHandle)/;
  t.deepEqual(without('build/lib/client/orchestration-handle.d.ts', all), [
    'OrchestrationHandle has no doc comment',
    'OrchestrationHandle has no @example',
  ]);
  const option = /\/\*\*(?:(?!\*\/)[^])*\*\/\s+(?=readonly replicas)/;
  t.deepEqual(without('build/lib/nats/task-hub.d.ts', option), ['TaskHubOptions.replicas has no doc comment']);
  const overload = /\/\*\*(?:(?!\*\/)[^])*\*\/\s+(?=getHandle<T = unknown>)/;
  t.deepEqual(without('build/lib/client/task-hub-client.d.ts', overload), [
    'TaskHubClient.getHandle has no doc comment',
  ]);
});

test('the reader sees what a file exports, and what of it is public', (t) => {
  const sources: Files = new Map([
    ['a/index.d.ts', "import 'x';\nexport { A, type B } from './a.js';\nexport * from '../c.js';\nexport {};\n"],
    [
      'a/a.d.ts',
      [
        "import { type Z } from './z.js';",
        '/** Not public. */\ninterface Hidden {\n    x: 1;\n}',
        '/** A class; { of sorts. */\nexport declare abstract class A<T extends C> {',
        '    #private;\n    private own;\n    protected half(): void;\n    private constructor();',
        '    /** @internal */\n    readonly inner: string;',
        '    constructor(\n    /** Of the parameter. */\n    a: string);',
        '    /** One. */\n    static one(of: (b: string) => void): {\n        readonly c: "};";\n    };',
        '    get two(): string;\n    readonly three?: 3;\n    [Symbol.iterator](): never;\n}',
        'export interface B extends Base<string> {\n}\nexport declare const unused: 1;',
      ].join('\n'),
    ],
    [
      'c.d.ts',
      '/**\n * Does it.\n *\n * @example\n * ```ts\n * f();\n * ```\n */\nexport declare function f(): void;\n',
    ],
  ]);
  t.deepEqual(exportsOf('a/index.d.ts', sources), [
    {
      kind: 'class',
      name: 'A',
      base: undefined,
      comment: 'A class; { of sorts.',
      members: [
        { name: 'one', comment: 'One.' },
        { name: 'two', comment: '' },
        { name: 'three', comment: '' },
        { name: '[Symbol.iterator]', comment: '' },
      ],
    },
    { kind: 'interface', name: 'B', base: 'Base', comment: '', members: [] },
    { kind: 'function', name: 'f', base: undefined, comment: 'Does it.\n\n@example\n```ts\nf();\n```', members: [] },
  ]);
  t.throws(
    () =>
      exportsOf(
        'index.d.ts',
        new Map([
          ['index.d.ts', "export { A } from './a.js';"],
          ['a.d.ts', ''],
        ]),
      ),
    {
      message: 'a.d.ts does not declare A',
    },
  );
});

test('an example that is no block of ts is noticed, and a comment of tags alone', (t) => {
  const one = (comment: string): Exported => ({ kind: 'type', name: 'A', base: undefined, comment, members: [] });
  t.deepEqual(faults([one('It is.\n\n@example f();')]), ['A has an @example that is no block of ts']);
  t.deepEqual(faults([one('It is.\n\n@example\n```ts\n@f() class A {}\n```')]), []);
  t.deepEqual(faults([one('@throws {Error} always')]), ['A has no doc comment']);
});
