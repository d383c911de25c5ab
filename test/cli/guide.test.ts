import { spawn } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { Command } from 'commander';
import { program } from '../../lib/cli/program.js';
import { temporaryFolder } from '../nats/server/fakes.js';
import { referencePage } from './reference-page.js';
import { openShop } from './shop.js';

const page = readFileSync('docs/guide/command-line.md', 'utf8');
const main = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));

const blocks = (language: string): readonly string[] =>
  Array.from(page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm')), ([, block]) => block!);

/** The lines of a page, each with what it prints. */
function session(): readonly { readonly line: string; readonly printed: string }[] {
  const steps: { line: string; printed: string }[] = [];
  for (const line of blocks('console').join('').trimEnd().split('\n')) {
    if (line.startsWith('$ ')) steps.push({ line: line.slice(2), printed: '' });
    else steps.at(-1)!.printed += `${line}\n`;
  }
  return steps;
}

/** `...` stands for anything, on a line of its own for any lines. */
function pattern(printed: string): RegExp {
  const source = printed
    .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/^\\\.\\\.\\\.\n/gm, '(?:.*\\n)*')
    .replaceAll(String.raw`\.\.\.`, '.*')
    .replaceAll(/ +/g, ' +');
  return new RegExp(`^${source}$`);
}

test('what the guide shows at the terminal is what comes of it, line by line', async (t) => {
  t.timeout(600_000);
  const shop = await openShop();
  t.teardown(() => shop.close());
  const cwd = temporaryFolder(t);
  writeFileSync(join(cwd, 'package.json'), '{"type":"module"}');
  symlinkSync(join(dirname(fileURLToPath(import.meta.url)), 'replayed-orders.js'), join(cwd, 'orders.js'));
  const env = { ...process.env, NATS_URL: shop.server.url };
  const define = `perdure() { '${process.execPath}' '${main}' "$@"; }\n`;
  const steps = session();
  t.true(steps.length > 30);
  for (const { line, printed } of steps) {
    const shell = spawn('bash', ['-c', `${define}{ ${line}\n} 2>&1`], { cwd, env });
    let output = '';
    t.log(line);
    shell.stdout.on('data', (chunk) => (output += chunk));
    const code = await new Promise((done) => shell.on('close', done));
    t.is(code, 0, `${line}: ${output}`);
    t.regex(output, pattern(printed), line);
  }
});

/** The words of a shell's line, as far as examples go; undefined: it is no line of `perdure`. */
function wordsOf(line: string): readonly string[] | undefined {
  const [, rest] = /(?:^|[|(] ?|=\S+ )perdure ([^|)>#]*)/.exec(line) ?? [];
  if (rest === undefined) return undefined;
  return Array.from(
    rest.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g),
    ([, single, double, bare]) => (single ?? double ?? bare)!,
  );
}

/** Throws what commander says of words that it does not understand; nothing is carried out. */
function parse(words: readonly string[]): void {
  const root = program();
  const quiet = (command: Command): void => {
    command.action(() => {}).configureOutput({ writeErr: () => {}, writeOut: () => {} });
    for (const each of command.commands) quiet(each);
  };
  for (const each of root.commands) quiet(each);
  root.parse(words, { from: 'user' });
}

const commandsOf = (command: Command): readonly Command[] => [
  command,
  ...command.commands.flatMap((each) => commandsOf(each)),
];

test('each line of the guide that is not run is understood', (t) => {
  const lines = blocks('sh').join('').trimEnd().split('\n');
  const understood = lines.map(wordsOf).filter((words) => words !== undefined);
  t.is(understood.length, lines.length);
  for (const words of understood) t.notThrows(() => parse(words), words.join(' '));
  t.throws(() => parse(['list', 'bank', '--stauts', 'failed']));
});

test('every command has examples in its help, and each is understood', (t) => {
  const files = ['files.json', 'x.json'];
  let examples = 0;
  for (const command of commandsOf(program())) {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    const lines = Array.from(help.matchAll(/^ {2}\$ (.*)$/gm), ([, line]) => line!);
    t.true(lines.length > 0, `${command.name()} has no example`);
    for (const line of lines) {
      const words = wordsOf(line)?.map((word) => (files.includes(word.slice(1)) ? 'null' : word));
      if (words === undefined || words[0] === 'COMMAND' || words.includes('-')) continue;
      t.notThrows(() => parse(words), line);
      examples++;
    }
  }
  t.true(examples > 60, `${examples}`);
});

test('the reference has every command and option, as the help has them', async (t) => {
  const file = 'docs/reference/command-line.md';
  const expected = await referencePage();
  if (process.env['PERDURE_WRITE_REFERENCE']) writeFileSync(file, expected);
  t.is(readFileSync(file, 'utf8'), expected, 'PERDURE_WRITE_REFERENCE=1 writes it');
});

test('the exit codes of the guide are those of the help', (t) => {
  const described = Array.from(page.matchAll(/^\| (\d) +\| ([^|:;]+)/gm), ([, code, text]) => [
    Number(code),
    text!.trim(),
  ]);
  t.is(described.length, 6);
  let help = '';
  const root = program();
  root.configureOutput({ writeOut: (text) => (help += text) });
  root.outputHelp();
  for (const [code] of described) t.regex(help, new RegExp(`Exit codes: .*\\b${code} `));
});

test('every command has --json but those that run code of the user until Ctrl-C, or print a script', (t) => {
  const named = (command: Command, path: string): readonly string[] => {
    if (command.commands.length > 0)
      return command.commands.flatMap((each) => named(each, `${path} ${each.name()}`.trim()));
    return command.options.some(({ long }) => long === '--json') ? [] : [path];
  };
  t.deepEqual(named(program(), ''), ['dev', 'worker', 'func start', 'completion']);
});
