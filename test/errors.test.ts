import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import * as errors from '../lib/errors.js';

const folder = new URL('../lib/errors/', import.meta.url);
const declarations = readdirSync(folder)
  .filter((file) => file.endsWith('.d.ts'))
  .map((file) => readFileSync(new URL(file, folder), 'utf8'))
  .join('\n');
const page = readFileSync('docs/reference/errors.md', 'utf8');

/** The code of each class that has one, by the class's name. */
function codesIn(text: string): Map<string, string> {
  const classes = text.matchAll(/^export declare class (\w+) [^]*?^\s+readonly code = "(\w+)"/gm);
  return new Map(Array.from(classes, ([, name, code]) => [name!, code!]));
}

/** What the page says: the section of each code. */
function sectionsIn(text: string): Map<string, string> {
  const sections = text.split(/^#{1,3} /m).filter((section) => section.startsWith('PERDURE_'));
  return new Map(
    sections.map((section) => [section.slice(0, section.indexOf('\n')), section.slice(section.indexOf('\n'))]),
  );
}

/** What is wrong with a page, given the codes that exist. */
function faults(codes: ReadonlyMap<string, string>, text: string): string[] {
  const sections = sectionsIn(text);
  const existing = new Set(codes.values());
  return [
    ...[...sections.keys()].filter((code) => !existing.has(code)).map((code) => `${code} does not exist`),
    ...[...codes].flatMap(([name, code]) => {
      const section = sections.get(code);
      if (section === undefined) return [`${code} is missing`];
      return [`\`${name}\`: `, '- **When** ', '- **Do** ']
        .filter((part) => !section.includes(`\n${part}`))
        .map((part) => `${code} has no ${part.trim()}`);
    }),
  ];
}

const codes = codesIn(declarations);

test('every error class has a code of its own, made of its name', (t) => {
  const abstract = new Set(['PerdureError', 'FailureError']);
  const classes = Object.entries(errors).filter(([, value]) => value.prototype instanceof Error);
  t.deepEqual(
    [...codes.keys()].sort(),
    classes
      .map(([name]) => name)
      .filter((name) => !abstract.has(name))
      .sort(),
  );
  t.is(new Set(codes.values()).size, codes.size);
  t.true(codes.size > 25);
});

test('every code has its section in the page of errors, and no section is about a code that is gone', (t) => {
  t.deepEqual(faults(codes, page), []);
});

test('a missing, incomplete or outdated section is noticed', (t) => {
  t.deepEqual(faults(codes, page.replace('### PERDURE_TIMEOUT', '### Time')), ['PERDURE_TIMEOUT is missing']);
  t.deepEqual(faults(new Map([...codes].filter(([, code]) => code !== 'PERDURE_DEFINITION')), page), [
    'PERDURE_DEFINITION does not exist',
  ]);
  const [section] = sectionsIn(page).values();
  t.deepEqual(faults(codes, page.replace(section!, section!.replace('- **Do**', '- Do'))), [
    'PERDURE_DEFINITION has no - **Do**',
  ]);
});

test('errors can be told apart after they were caught as unknown', (t) => {
  const error: unknown = new errors.InvalidInputError('account.deposit', [
    { path: '$.amount', messages: ['isInt: must be an integer'] },
  ]);
  t.true(error instanceof errors.PerdureError);
  t.like(error, {
    name: 'InvalidInputError',
    code: 'PERDURE_INVALID_INPUT',
    message: 'The input of account.deposit is invalid: $.amount: isInt: must be an integer',
  });
});
