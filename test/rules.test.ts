import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';

const rules = [...numbered('C', 11), ...numbered('P', 23)];

function numbered(letter: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `${letter}${i + 1}`);
}

/** The rules that the titles of tests in a source begin with, as in 'C4, P13: ...' or 'P20: C1: ...'. */
function rulesIn(source: string): readonly string[] {
  const titles = source.matchAll(/\btest(?:\.serial)?\(\s*(['"`])((?:[CP]\d+(?:, |: ))+)/g);
  return Array.from(titles, ([, , named]) => named!.match(/[CP]\d+/g)!).flat();
}

const sources = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => readFileSync(`test/${file}`, 'utf8'));

test('each of the rules C1 to C11 and P1 to P23 has a test whose title begins with it', (t) => {
  const named = new Set(sources.flatMap(rulesIn));
  t.deepEqual(
    rules.filter((rule) => !named.has(rule)),
    [],
  );
  t.deepEqual(
    [...named].filter((rule) => !rules.includes(rule)),
    [],
  );
});

test('a rule that is only mentioned is no title', (t) => {
  t.deepEqual(rulesIn(`// C1: said\nconst c2 = 'C2: x';\ntest('of C3: x', () => {});`), []);
  t.deepEqual(rulesIn(`test('C4, P13: x', f); test.serial(\n  "P20: C1: y", f); test(\`C7: \${seed}\`, f);`), [
    'C4',
    'P13',
    'P20',
    'C1',
    'C7',
  ]);
});
