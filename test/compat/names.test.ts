import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { compile } from '../doc-examples.js';
import { exportsOf, type Exported } from '../public-docs/declarations.js';

const page = readFileSync('docs/reference/durable-functions-compatibility.md', 'utf8');

/** The rows of its tables: what, how it is here, and what shows it. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (?:-|the original)/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, what, here, shown]) => ({ what: what!, here: here!, shown: shown! }));
const namesOf = (what: string): string[] => Array.from(what.matchAll(/`([^`]+)`/g), ([, name]) => name!);
const named = new Set(rows.flatMap(({ what }) => namesOf(what)));
const notThere = new Set(rows.filter(({ here }) => here.startsWith('not there')).flatMap(({ what }) => namesOf(what)));

/** A package of the original: where its declarations are, and the namespaces among its exports. */
interface Original {
  readonly specifier: string;
  readonly ours: string;
  readonly types: string;
  readonly namespaces: Readonly<Record<string, string>>;
}

const originals: readonly Original[] = [
  {
    specifier: 'durable-functions',
    ours: 'perdure/durable-functions',
    types: 'node_modules/durable-functions/types',
    namespaces: { app: 'app', 'app.client': 'app.client', trigger: 'trigger', input: 'input' },
  },
  {
    specifier: '@azure/functions',
    ours: 'perdure/azure-functions',
    types: 'node_modules/@azure/functions/types',
    namespaces: { app: 'app', 'hooks/registerHook': 'app.hook', trigger: 'trigger', input: 'input', output: 'output' },
  },
];

interface Named extends Exported {
  /** With the namespace before it. */
  readonly path: string;
  /** It with as many types as it is generic over, such as `EntityContext<any>`. */
  readonly type: string;
  /** Which of its members are the class's. */
  readonly statics: ReadonlySet<string>;
}

/** All that a package exports, by its declarations. */
function exportedBy({ types, namespaces }: Original): readonly Named[] {
  const files = readdirSync(types, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.d.ts'))
    .map(
      (file) =>
        [file.replaceAll('\\', '/').slice(0, -'.d.ts'.length), readFileSync(`${types}/${file}`, 'utf8')] as const,
    );
  const all = files.map(([, text]) => text).join('\n');
  const statics = new Set(Array.from(all.matchAll(/\bstatic (?:readonly )?(\w+)/g), ([, name]) => name!));
  const typeOf = (name: string): string => {
    const generics = new RegExp(`\\b(?:class|interface|type) ${name}<([^>]*)>`).exec(all)?.[1];
    return generics === undefined ? name : `${name}<${generics.replaceAll(/[^,]+/g, 'any')}>`;
  };
  const of = (file: string, prefix: string): Named[] =>
    exportsOf(file, new Map(files)).map((one) => ({
      ...one,
      path: prefix + one.name,
      type: prefix + typeOf(one.name),
      statics,
    }));
  return [...of('index', ''), ...Object.entries(namespaces).flatMap(([file, namespace]) => of(file, `${namespace}.`))];
}

const isThere = ({ path }: Named): boolean => !notThere.has(path);

test('every name that the original packages export stands on the page', (t) => {
  const [durable, functions] = originals.map(exportedBy);
  t.true(durable!.length > 80 && functions!.length > 250);
  const stands = (name: string): boolean => named.has(name) || rows.some(({ what }) => what.startsWith(`\`${name}\``));
  const paths = new Set([...durable!, ...functions!].map(({ path }) => path));
  t.deepEqual(
    [...paths].filter((path) => !stands(path)),
    [],
  );
});

/** Types that exist when the name does, and each of its members. */
function usesOf({ path, type, kind, members, statics }: Named): readonly string[] {
  if (kind === 'function' || kind === 'const') return [`typeof ours.${path}`];
  const ofMembers = members.map(({ name }) => {
    const key = name.startsWith('[') ? `typeof ${name.slice(1, -1)}` : `'${name}'`;
    return `${statics.has(name) ? `(typeof ours.${path})` : `ours.${type}`}[${key}]`;
  });
  return [`ours.${type}`, ...ofMembers];
}

test('every name that is not said to be absent is there, with all members of its class or interface', async (t) => {
  for (const original of originals) {
    const uses = exportedBy(original).filter(isThere).flatMap(usesOf);
    t.true(uses.length > 180, `${uses.length} of ${original.specifier}`);
    const code = `import type * as ours from '${original.ours}';\nexport type Uses = [\n${uses.join(',\n')}\n];`;
    t.is(await compile(`members-${original.ours}`, new Map([['members.ts', code]])), '');
  }
});

/** Types of what programs give. */
const isGiven = /(?:Options|Handler|Init|Filter)$/;

test('what is ours fits where theirs is wanted, and what is given to theirs is taken by ours', async (t) => {
  for (const original of originals) {
    const types = exportedBy(original).filter((one) => isThere(one) && one.kind !== 'function' && one.kind !== 'const');
    const lines = types.map(({ path, type }) =>
      isGiven.test(path) ? `Fits<theirs.${type}, ours.${type}>` : `Fits<ours.${type}, theirs.${type}>`,
    );
    t.true(lines.length > 50, `${lines.length} of ${original.specifier}`);
    const code =
      `import type * as ours from '${original.ours}';\nimport type * as theirs from '${original.specifier}';\n` +
      `type Fits<Given extends Wanted, Wanted> = [Given, Wanted];\nexport type All = [\n${lines.join(',\n')}\n];`;
    t.is(await compile(`fits-${original.ours}`, new Map([['fits.ts', code]])), '');
  }
});

test('every row says whether it works, and only what belongs to Azure is not there', (t) => {
  t.true(rows.length > 80);
  const places = rows.filter(({ what }) => !/^`host\.json`|^`package|^the /.test(what));
  t.deepEqual(
    places.filter(({ here }) => !/^(?:works|differs)\b|^not there: .*Azure/.test(here)),
    [],
  );
});

test('every test that the page names is there', (t) => {
  for (const { what, shown } of rows) {
    const tests = Array.from(shown.matchAll(/`(test\/[\w/-]+\.test\.ts)`: “([^”]+)”/g));
    t.true(tests.length > 0, what);
    for (const [, file, title] of tests)
      t.true(existsSync(file!) && readFileSync(file!, 'utf8').includes(`'${title}'`), `${file}: ${title}`);
  }
});
