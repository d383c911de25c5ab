import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'ava';

const page = readFileSync('docs/reference/durable-functions-compatibility.md', 'utf8');

/** The rows of its tables: what, how it is here, and what shows it. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (?:-|the original)/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, what, here, shown]) => ({ what: what!, here: here!, shown: shown! }));
const named = new Set(rows.flatMap(({ what }) => Array.from(what.matchAll(/`([^`]+)`/g), ([, name]) => name!)));

/** The names that the declarations of a package export; those of namespaces behind the namespace's. */
function exportedBy(types: string, namespaces: Readonly<Record<string, string>>): readonly string[] {
  const files = readdirSync(types, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.d.ts'));
  const form = /^export (?:declare )?(?:abstract )?(?:class|interface|type|enum|function|const) (\w+)/gm;
  return files.flatMap((file) => {
    const prefix = namespaces[file.replaceAll('\\', '/')] ?? '';
    return Array.from(readFileSync(`${types}/${file}`, 'utf8').matchAll(form), ([, name]) => prefix + name!);
  });
}

test('every name that the original packages export stands on the page', (t) => {
  const durable = exportedBy('node_modules/durable-functions/types', {
    'app.d.ts': 'app.',
    'app.client.d.ts': 'app.client.',
    'trigger.d.ts': 'trigger.',
    'input.d.ts': 'input.',
  });
  const functions = exportedBy('node_modules/@azure/functions/types', {
    'app.d.ts': 'app.',
    'hooks/registerHook.d.ts': 'app.hook.',
    'trigger.d.ts': 'trigger.',
    'input.d.ts': 'input.',
    'output.d.ts': 'output.',
  });
  t.true(durable.length > 80 && functions.length > 250);
  const bare = (name: string): boolean => named.has(name) || rows.some(({ what }) => what.startsWith(`\`${name}\``));
  t.deepEqual(
    [...new Set([...durable, ...functions])].filter((name) => !bare(name)),
    [],
  );
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
