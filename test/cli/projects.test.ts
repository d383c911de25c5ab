import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { temporaryFolder } from '../nats/server/fakes.js';
import { until } from '../until.js';
import { perdureHere } from './here.js';
import { outcome, perdure, type Run } from './perdure.js';
import { env, execute, install, main, root, running } from './project-folder.js';

test('what init makes is installed by npm ci, runs, and is linted', async (t) => {
  t.timeout(300_000);
  const folder = temporaryFolder(t);
  // Without the script that builds anew: other tests run what is built.
  const { stdout: packed } = await execute('npm', [
    'pack',
    '--silent',
    '--ignore-scripts',
    '--pack-destination',
    folder,
  ]);
  const tarball = join(folder, packed.trim());
  const made = await outcome(perdure(t, ['init', join(folder, 'greetings'), '--package', tarball]));
  t.is(made.code, 0, made.stderr);
  const project = join(folder, 'greetings');
  t.true(existsSync(join(project, 'package-lock.json')));
  await execute('npm', ['ci', '--no-audit', '--no-fund'], { cwd: project, env });
  const service = await running(t, project, ['npm', 'start'], /Ctrl-C stops the service/);
  t.regex(service.output(), /^Hello, world!$/m);
  const listed = await execute('npx', ['perdure', 'list', 'greetings', '--json'], { cwd: project, env });
  t.like(JSON.parse(listed.stdout), { instances: [{ name: 'hello', runtimeStatus: 'Completed' }] });
  service.interrupt();
  await service.ended;
  await execute('npm', ['run', 'lint'], { cwd: project, env });
  const launch = JSON.parse(readFileSync(join(project, '.vscode/launch.json'), 'utf8')) as {
    configurations: { program: string; outFiles: string[] }[];
  };
  const program = launch.configurations[0]!.program.replace('${workspaceFolder}', project);
  t.true(existsSync(program) && existsSync(`${program}.map`), 'the debugger finds the sources');
});

test('each template in each language runs, and new parts compile beside it', async (t) => {
  t.timeout(180_000);
  const folder = temporaryFolder(t);
  for (const language of ['typescript', 'javascript'])
    for (const [template, awaited] of [
      ['hello', /^Hello, world!$/m],
      ['entity', /^Starts of this service: 1$/m],
      ['http', /^curl -X POST .*http:\/\/127\.0\.0\.1:\d+/m],
    ] as const) {
      const name = `${template}-${language}`;
      const options = ['--template', template, '--language', language, '--no-install'];
      const made = await perdureHere(['init', join(folder, name), ...options]);
      t.is(made.code, 0, made.stderr);
      const project = join(folder, name);
      install(project);
      const script = language === 'typescript' ? 'build/service.js' : 'src/service.js';
      for (const kind of ['orchestrator', 'activity', 'entity'])
        await execute(process.execPath, [main, 'new', kind, `my-${kind}`], { cwd: project, env });
      if (language === 'typescript')
        await execute(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: project });
      for (const kind of ['orchestrator', 'activity', 'entity']) {
        const part = join(project, dirname(script), `my-${kind}.js`);
        const exported = (await import(part)) as object;
        t.deepEqual(Object.keys(exported), [`My${kind[0]!.toUpperCase()}${kind.slice(1)}`]);
      }
      const whole = new RegExp(`${awaited.source}[^]*Ctrl-C stops`, 'm');
      const service = await running(t, project, ['env', 'PORT=0', process.execPath, script], whole);
      service.interrupt();
      t.is(await service.ended, 0, service.output());
    }
});

test('init leaves a folder alone that is not empty, and new a file that is there', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'package.json'), '{}');
  t.is((await perdureHere(['init', folder])).code, 2);
  const make = () => perdureHere(['new', 'entity', 'account', '--folder', folder]);
  t.is((await make()).code, 0);
  const told = await perdureHere(['new', 'entity', 'purse', '--folder', folder, '--json']);
  t.true((JSON.parse(told.stdout) as { file: string }).file.endsWith('purse.ts'), told.stdout);
  const bank = join(folder, 'bank');
  const made = await perdureHere(['init', bank, '--no-install', '--json']);
  const { folder: at, files } = JSON.parse(made.stdout) as { folder: string; files: readonly string[] };
  t.is(at, bank);
  for (const file of files) t.true(existsSync(join(at, file)), file);
  const again = await make();
  t.is(again.code, 2);
  t.regex(again.stderr, /^error: .*account\.ts is there already\.\n$/);
});

test('dev ends with an error when its port is taken, or there is no compiler', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const taken = createServer().listen(0, '127.0.0.1');
  t.teardown(() => void taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  writeFileSync(join(folder, 'service.js'), 'setInterval(() => {}, 1_000);');
  const hub = perdure(t, ['nats', 'start', '--folder', join(folder, '.perdure')]);
  await until(() => hub.stdout().includes('\n'), 'the server');
  t.is((await outcome(perdure(t, ['hub', 'create', 'shop', '-s', hub.stdout().trim()]))).code, 0);
  const dev = await outcome(perdure(t, ['dev', folder, '--hub', 'shop', '--port', String(port)]));
  t.is(dev.code, 1);
  t.regex(dev.stderr, new RegExp(`^PERDURE_CONFIG: The HTTP API cannot listen on 127\\.0\\.0\\.1:${port}: `, 'm'));
  writeFileSync(join(folder, 'service.ts'), '');
  const uncompiled = await outcome(perdure(t, ['dev', join(folder, 'service.ts')]));
  t.is(uncompiled.code, 1);
  t.regex(uncompiled.stderr, /^PERDURE_CONFIG: TypeScript is not installed in /m);
});

/** A clone of the repository in which nothing has run yet. */
function emptyClone(t: ExecutionContext): string {
  const folder = temporaryFolder(t);
  for (const name of ['package.json', 'tsconfig.json', 'samples/hello'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  for (const name of ['node_modules', 'build']) symlinkSync(join(root, name), join(folder, name));
  return folder;
}

const urlIn = (run: { readonly output: () => string }) => /curl -X POST '([^']+)'/.exec(run.output())![1]!;
const curl = async (url: string): Promise<unknown> =>
  JSON.parse((await execute('curl', ['-sS', '--fail', '-X', 'POST', url])).stdout);

test.serial('dev in an empty clone: the first result of an orchestration through curl within 5 s', async (t) => {
  const clone = emptyClone(t);
  const began = performance.now();
  const dev = await running(t, clone, [process.execPath, main, 'dev', 'samples/hello', '--port', '0'], /curl -X POST/);
  t.deepEqual(await curl(urlIn(dev)), ['Hello, Tokyo!', 'Hello, Seattle!', 'Hello, Cairo!']);
  // Beside other tests, three files at a time on two cores, it has taken 2.6 to 7.3 s: who cannot say what else the machine does
  // can only note the time. `npm run verify` holds it to the 5 s.
  const seconds = (performance.now() - began) / 1_000;
  t.log(`${seconds.toFixed(1)} s`);
  t.true(seconds < 5 || process.env['PERDURE_VERIFY'] === undefined, `${seconds} s`);

  const source = join(clone, 'samples/hello/greetings.ts');
  const before = readFileSync(source, 'utf8');
  const broken = before.replace('`Hello, ${city}!`', '`Hallo, ${town}!`');
  writeFileSync(source, broken);
  await until(() => dev.output().includes('does not compile'), 'the complaint', 30);
  t.regex(dev.output(), /greetings\.ts.*TS2304.*town/);
  t.deepEqual(((await curl(urlIn(dev))) as string[])[0], 'Hello, Tokyo!', 'what compiled last goes on');
  writeFileSync(source, before.replace('`Hello, ${city}!`', '`Hallo, ${city}!`'));
  await until(async () => ((await curl(urlIn(dev))) as string[])[0] === 'Hallo, Tokyo!', 'the change to run', 60);
  dev.interrupt();
  t.is(await dev.ended, 0);
  t.regex(dev.output(), /^Stopped\.$/m, 'the service has stopped in good order');
});

test('in a new project the line that dev prints to try it does what it says', async (t) => {
  t.timeout(180_000);
  const project = join(temporaryFolder(t), 'greetings');
  t.is((await outcome(perdure(t, ['init', project, '--no-install']))).code, 0);
  install(project);
  const dev = await running(t, project, [process.execPath, main, 'dev', '--port', '0'], /^try .*$/m);
  const [, line] = /^try +(curl .*)$/m.exec(dev.output())!;
  const { stdout } = await execute('bash', ['-c', line!.replace('curl', 'curl -sS --fail-with-body')]);
  t.is(stdout, '"Hello, world!"');
  dev.interrupt();
  t.is(await dev.ended, 0);
});

test.serial('dev serves the hub that is named, which the service makes, and ends when it cannot', async (t) => {
  const clone = emptyClone(t);
  const dev = [process.execPath, main, 'dev', 'samples/hello', '--port', '0', '--hub'];
  const named = await running(t, clone, [...dev, 'hello'], /curl -X POST/);
  t.deepEqual(((await curl(urlIn(named))) as string[])[0], 'Hello, Tokyo!');
  named.interrupt();
  t.is(await named.ended, 0, named.output());
  const wrong = await running(t, clone, [...dev, 'a.b'], /PERDURE_INVALID_HUB/);
  t.is(await wrong.ended, 1, wrong.output());
});

test('dev tells of a service that is not there, or ends', async (t) => {
  const folder = temporaryFolder(t);
  t.is((await outcome(perdure(t, ['dev', join(folder, 'none')]))).code, 2);
  const none = await outcome(perdure(t, ['dev', folder]));
  t.deepEqual([none.code, none.stdout], [2, '']);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'service.js'), 'process.exit(3)');
  const run: Run = perdure(t, ['dev', folder, '--port', '0']);
  await until(
    () => run.stderr().includes('has ended with code 3; it is started again at the next change'),
    'its end',
    30,
  );
  writeFileSync(join(folder, 'service.js'), 'process.exit(4)');
  await until(() => run.stderr().includes('has ended with code 4'), 'the end of the next one', 30);
  run.child.kill('SIGINT');
  t.is(await run.ended, 0);
});
