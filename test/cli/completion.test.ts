import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { temporaryFolder } from '../nats/server/fakes.js';
import { until } from '../until.js';
import { main } from './project-folder.js';
import { outcome, perdure } from './perdure.js';

const execute = promisify(execFile);
const define = `perdure() { '${process.execPath}' '${main}' "$@"; }`;

/** What bash offers behind these words; the last one is being typed. */
async function offered(...words: string[]): Promise<readonly string[]> {
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const script = `${define}
source <(perdure completion bash)
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

test('at a terminal the key Tab completes what is typed', async (t) => {
  const folder = temporaryFolder(t);
  const inputrc = join(folder, 'inputrc');
  writeFileSync(inputrc, 'set bell-style none\nset enable-bracketed-paste off\n');
  const shell = spawn('script', ['-qefc', 'bash --norc --noprofile -i', '/dev/null'], {
    env: { ...process.env, TERM: 'dumb', SHELL: '/bin/sh', PS1: '> ', INPUTRC: inputrc, HOME: folder },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => shell.kill('SIGKILL'));
  let shown = '';
  shell.stdout.on('data', (chunk) => (shown += chunk));
  const type = (keys: string) => shell.stdin.write(keys);
  type(`${define}; source <(perdure completion bash); echo rea''dy\r`);
  await until(() => /^ready/m.test(shown), 'the script', 60);
  type('perdure sched\ttri\t');
  await until(() => shown.includes('perdure schedule trigger '), 'the completion');
  type('\u0015exit\r');
  t.is(await new Promise((resolve) => shell.on('close', resolve)), 0);
});

const zsh = '/usr/bin/zsh';
const inZsh = existsSync(zsh) ? test : test.skip;
inZsh(`zsh takes its script and completes by it${existsSync(zsh) ? '' : ' (there is no zsh)'}`, async (t) => {
  const folder = join(temporaryFolder(t), 'functions');
  mkdirSync(folder);
  writeFileSync(join(folder, '_perdure'), (await outcome(perdure(t, ['completion', 'zsh']))).stdout);
  const script = `fpath=('${folder}' $fpath); autoload -Uz compinit; compinit -u -d '${folder}/dump'
compadd() { shift; print -l -- "$@"; }
words=(perdure schedule tr); CURRENT=3; autoload -Uz _perdure; _perdure`;
  const { stdout } = await execute(zsh, ['-f', '-c', script]);
  t.true(stdout.split('\n').includes('trigger'), stdout);
});

test('the script for zsh names the same words as that for bash, and no other shell has one', async (t) => {
  const of = async (shell: string) => (await outcome(perdure(t, ['completion', shell]))).stdout;
  const wordsOf = (script: string) =>
    Array.from(script.matchAll(/^ {4}(\S.*)\) (?:words|candidates)='(.*)' ;;$/gm), ([, path, words]) => [path, words]);
  const [bash, zshell] = [wordsOf(await of('bash')), wordsOf(await of('zsh'))];
  t.true(bash.length > 30, `${bash.length}`);
  t.deepEqual(zshell, bash);
  t.regex(await of('zsh'), /^#compdef perdure\n/);
  t.is((await outcome(perdure(t, ['completion', 'fish']))).code, 2);
});
