import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { temporaryFolder } from '../nats/server/fakes.js';
import { until } from '../until.js';
import { main } from './project-folder.js';
import { perdureHere } from './here.js';

const execute = promisify(execFile);
const define = `perdure() { '${process.execPath}' '${main}' "$@"; }`;

const scripts = mkdtempSync(join(tmpdir(), 'perdure-completion-'));
const [forBash, forZsh] = [join(scripts, 'perdure.bash'), join(scripts, '_perdure')];
test.before(async () => {
  for (const [shell, file] of [
    ['bash', forBash],
    ['zsh', forZsh],
  ] as const)
    writeFileSync(file, (await execute(process.execPath, [main, 'completion', shell])).stdout);
});
test.after.always(() => rmSync(scripts, { recursive: true }));

/** What bash offers behind these words; the last one is being typed. */
async function offered(...words: string[]): Promise<readonly string[]> {
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const script = `source '${forBash}'
complete -p perdure >/dev/null || exit 9
compopt() { COMPREPLY=(FILES); } # only bash itself may call it, while somebody types
COMP_WORDS=(perdure ${quoted}); COMP_CWORD=${words.length}; COMPREPLY=()
_perdure
printf '%s\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await execute('bash', ['-c', script]);
  return stdout.trimEnd().split('\n');
}

test('bash completes commands, those below them, and options', async (t) => {
  t.deepEqual(await offered('sch'), ['schedule']);
  t.deepEqual(await offered('e'), ['export', 'entities']);
  t.deepEqual(await offered('schedule', 'tr'), ['trigger']);
  t.deepEqual(await offered('nats', 's'), ['start']);
  t.deepEqual(await offered('list', 'shop', '--orc'), ['--orchestrator']);
  t.deepEqual(await offered('list', '--json', 'shop', '--st'), ['--status']);
  t.deepEqual(await offered('schedule', 'create', 'shop', '--cr'), ['--creds', '--cron']);
  t.deepEqual(await offered('import', 'shop', 'sh'), ['FILES'], 'a file');
  const all = await offered('');
  for (const command of ['init', 'dev', 'list', 'doctor', 'completion']) t.true(all.includes(command), command);
});

/** A shell at a terminal, once it has carried out this line. */
async function shellAtTerminal(t: ExecutionContext, command: string, env: NodeJS.ProcessEnv, line: string) {
  const shell = spawn('script', ['-qefc', command, '/dev/null'], {
    env: { ...process.env, TERM: 'dumb', SHELL: '/bin/sh', PS1: '> ', HOME: temporaryFolder(t), ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => shell.kill('SIGKILL'));
  let shown = '';
  shell.stdout.on('data', (chunk) => (shown += chunk));
  const type = (keys: string) => shell.stdin.write(keys);
  const shows = (text: string) => until(() => shown.includes(text), `${text} to be shown`, 60);
  type(`${line}; echo rea''dy\r`);
  await shows('\nready');
  return { type, shows, ended: new Promise((resolve) => shell.on('close', resolve)) };
}

test('at a terminal the key Tab completes what is typed', async (t) => {
  const inputrc = join(temporaryFolder(t), 'inputrc');
  writeFileSync(inputrc, 'set bell-style none\nset enable-bracketed-paste off\n');
  const line = `${define}; source <(perdure completion bash)`;
  const { type, shows, ended } = await shellAtTerminal(t, 'bash --norc --noprofile -i', { INPUTRC: inputrc }, line);
  type('perdure sched\ttri\t');
  await shows('perdure schedule trigger ');
  type('\u0015exit\r');
  t.is(await ended, 0);
});

const zsh = '/usr/bin/zsh';

/** Without zsh there is nothing to prove anything in; `.ci/debian-packages` installs it. */
function inZsh(title: string, run: (t: ExecutionContext) => Promise<void>): void {
  if (existsSync(zsh)) test(`zsh: ${title}`, run);
  else test.skip(`zsh: ${title} (there is no zsh)`, run);
}

/** What zsh offers behind these words, before it leaves away what does not begin as the last one. */
async function offeredByZsh(...words: string[]): Promise<readonly string[]> {
  const script = `fpath=('${scripts}' $fpath); autoload -Uz compinit; compinit -u -D
compadd() { shift; print -l -- "$@"; } # only zsh itself may call it, while somebody types
_files() { print FILES; }
words=(perdure ${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length + 1}; autoload -Uz _perdure; _perdure`;
  const { stdout } = await execute(zsh, ['-f', '-c', script]);
  return stdout.trimEnd().split('\n');
}

inZsh('its script offers commands, those below them, options and files', async (t) => {
  for (const [words, among] of [
    [['sch'], 'schedule'],
    [['schedule', 'tr'], 'trigger'],
    [['nats', 's'], 'start'],
    [['list', 'shop', '--orc'], '--orchestrator'],
    [['list', '--json', 'shop', '--st'], '--status'],
    [['schedule', 'create', 'shop', '--cr'], '--cron'],
  ] as const)
    t.true((await offeredByZsh(...words)).includes(among), among);
  t.deepEqual(await offeredByZsh('import', 'shop', 'sh'), ['FILES']);
  const all = await offeredByZsh('');
  for (const command of ['init', 'dev', 'list', 'doctor', 'completion']) t.true(all.includes(command), command);
});

for (const [how, line] of [
  ['from a folder of functions', `fpath=('${scripts}' $fpath); autoload -Uz compinit; compinit -u -D`],
  ['that is sourced', `autoload -Uz compinit; compinit -u -D; ${define}; source <(perdure completion zsh)`],
] as const)
  inZsh(`at a terminal the key Tab completes by a script ${how}`, async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, 'exported.jsonl'), '');
    const told = `cd '${folder}'; perdure() { print -r -- "called with <$*>"; }`;
    const { type, shows, ended } = await shellAtTerminal(t, `${zsh} -f -i`, {}, `${line}; ${told}`);
    type('perdure sched\ttri\t shop\r');
    await shows('called with <schedule trigger shop>');
    type('perdure list --json shop --orc\torder\r');
    await shows('called with <list --json shop --orchestrator order>');
    type('perdure import shop exp\t\r');
    await shows('called with <import shop exported.jsonl>');
    type('exit\r');
    t.is(await ended, 0);
  });

test('the script for zsh names the same words as that for bash, and no other shell has one', async (t) => {
  const wordsOf = (script: string) =>
    Array.from(script.matchAll(/^ {4}(\S.*)\) (?:words|candidates)='(.*)' ;;$/gm), ([, path, words]) => [path, words]);
  const [bash, zshell] = [wordsOf(readFileSync(forBash, 'utf8')), wordsOf(readFileSync(forZsh, 'utf8'))];
  t.true(bash.length > 30, `${bash.length}`);
  t.deepEqual(zshell, bash);
  t.regex(readFileSync(forZsh, 'utf8'), /^#compdef perdure\n/);
  t.is((await perdureHere(['completion', 'fish'])).code, 2);
});
