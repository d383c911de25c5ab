import { existsSync, readFileSync } from 'node:fs';
import test from 'ava';

interface NamedTest {
  readonly file: string;
  readonly title: string;
}

/** The tests that a page names: a file, then a title in double quotation marks. */
function testsIn(page: string): readonly NamedTest[] {
  return Array.from(page.matchAll(/`(test\/[\w/-]+\.test\.ts)`: “([^”]+)”/g), ([, file, title]) => ({
    file: file!,
    title: title!,
  }));
}

function exists({ file, title }: NamedTest): boolean {
  if (!existsSync(file)) return false;
  const source = readFileSync(file, 'utf8');
  return ["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote}`));
}

/** The rows of its tables: what, how it is here, and what shows it. */
function rowsIn(page: string): readonly (readonly string[])[] {
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| --'));
  return rows.map((line) =>
    line
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim())
      .slice(1, 4),
  );
}

const page = readFileSync('docs/reference/parity.md', 'utf8');

test('every test that the page of parity names is there', (t) => {
  const named = testsIn(page);
  t.true(named.length > 150, `${named.length} tests`);
  t.deepEqual(
    named.filter((one) => !exists(one)),
    [],
  );
});

test('every row of the page of parity names a test, or says what is not there yet', (t) => {
  const rows = rowsIn(page).filter(([, , shown]) => shown !== 'shown by');
  t.true(rows.length > 180, `${rows.length} rows`);
  const wrong = rows.filter(([, here, shown]) => testsIn(shown!).length === 0 && !/^not yet[: ]\s*\w/.test(here!));
  t.deepEqual(wrong, []);
});

test('a test that is not there is noticed', (t) => {
  const [there, gone, nowhere] = testsIn(
    '`test/parity.test.ts`: “a test that is not there is noticed”, `test/parity.test.ts`: “a test that was”, ' +
      '`test/nowhere.test.ts`: “a test”',
  );
  t.deepEqual([exists(there!), exists(gone!), exists(nowhere!)], [true, false, false]);
});
