import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join, matchesGlob } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { temporaryFolder } from '../nats/server/fakes.js';
import { inTime, until } from '../until.js';
import { Inspector } from './inspector.js';
import { perdureHere } from './here.js';
import { env, execute, install, running } from './project-folder.js';

/** What F5 of an editor does: as the settings of a new project say, and by nothing else. */

interface Configuration {
  readonly type: string;
  readonly request: string;
  readonly program: string;
  readonly preLaunchTask?: string;
  readonly outFiles?: readonly string[];
  readonly sourceMaps?: boolean;
  readonly skipFiles: readonly string[];
}

interface Task {
  readonly label: string;
  readonly type: string;
  readonly script: string;
}

interface Place {
  readonly lineNumber: number;
  readonly columnNumber: number;
}

interface Script {
  readonly scriptId: string;
  readonly url: string;
  readonly sourceMapURL: string;
}

interface Paused {
  readonly hitBreakpoints?: readonly string[];
  readonly callFrames: readonly {
    readonly callFrameId: string;
    readonly functionName: string;
    readonly location: Place & { readonly scriptId: string };
  }[];
}

const read = <T>(...path: string[]): T => JSON.parse(readFileSync(join(...path), 'utf8')) as T;

/** The map beside a script that tells where its lines come from. */
const mapOf = (script: string): SourceMap => new SourceMap(read(`${script}.map`));

/** Where the code of a line of a source stands in the script that was made of it. */
function generated(script: string, line: number): Place {
  const map = mapOf(script);
  for (const [lineNumber, text] of readFileSync(script, 'utf8').split('\n').entries())
    for (let columnNumber = 0; columnNumber < text.length; columnNumber++) {
      const entry = map.findEntry(lineNumber, columnNumber);
      if ('originalLine' in entry && entry.originalLine === line) return { lineNumber, columnNumber };
    }
  throw new Error(`Nothing in ${script} comes from line ${line}`);
}

for (const language of ['typescript', 'javascript'] as const)
  test(`in a new project in ${language}, F5 stops at a breakpoint in an orchestrator, in its source`, async (t) => {
    t.timeout(180_000);
    const project = join(temporaryFolder(t), 'greetings');
    const made = await perdureHere(['init', project, '--language', language, '--no-install']);
    t.is(made.code, 0, made.stderr);
    install(project);
    const inProject = (path: string) => path.replace('${workspaceFolder}', project);
    const { configurations } = read<{ configurations: readonly Configuration[] }>(project, '.vscode/launch.json');
    const [launch] = configurations;
    t.like(launch, { type: 'node', request: 'launch' });
    if (launch!.preLaunchTask !== undefined) {
      const { tasks } = read<{ tasks: readonly Task[] }>(project, '.vscode/tasks.json');
      const task = tasks.find(({ label }) => label === launch!.preLaunchTask)!;
      t.is(task.type, 'npm');
      await execute('npm', ['run', task.script], { cwd: project, env });
    }

    const isCompiled = language === 'typescript';
    const source = join(project, 'src', isCompiled ? 'hello.ts' : 'hello.js');
    const line = readFileSync(source, 'utf8')
      .split('\n')
      .findIndex((text) => text.includes('ctx.callActivity'));
    t.true(line > 0);
    const script = isCompiled ? join(project, 'build/hello.js') : source;
    t.is(launch!.sourceMaps ?? false, isCompiled);
    if (isCompiled) t.true(launch!.outFiles!.some((glob) => matchesGlob(script, inProject(glob))));
    t.false(launch!.skipFiles.some((glob) => matchesGlob(script, inProject(glob))));

    const command = [process.execPath, '--inspect-brk=127.0.0.1:0', inProject(launch!.program)];
    const service = await running(t, project, command, /Debugger listening on (\S+)/);
    const debug = await Inspector.attach(/Debugger listening on (\S+)/.exec(service.output())![1]!);
    t.teardown(() => debug.close());
    const scripts = new Map<string, Script>();
    debug.on<Script>('Debugger.scriptParsed', (parsed) => void scripts.set(parsed.scriptId, parsed));
    let breakpoint: string | undefined;
    const hit = new Promise<Paused>((resolve) =>
      debug.on<Paused>('Debugger.paused', (paused) => {
        if (breakpoint !== undefined && paused.hitBreakpoints?.includes(breakpoint)) return resolve(paused);
        void debug.ask('Debugger.resume'); // before the first line of the program
      }),
    );
    await debug.ask('Debugger.enable');
    const { breakpointId } = await debug.ask<{ breakpointId: string }>('Debugger.setBreakpointByUrl', {
      url: pathToFileURL(script).href,
      ...(isCompiled ? generated(script, line) : { lineNumber: line }),
    });
    breakpoint = breakpointId;
    await debug.ask('Runtime.runIfWaitingForDebugger');

    const { callFrames } = await inTime(hit, 'the breakpoint', 60);
    const [frame] = callFrames;
    const at = scripts.get(frame!.location.scriptId)!;
    t.deepEqual([frame!.functionName, at.url], ['run', pathToFileURL(script).href]);
    t.is(at.sourceMapURL, isCompiled ? 'hello.js.map' : '');
    const { lineNumber, columnNumber } = frame!.location;
    const shown = isCompiled
      ? mapOf(script).findEntry(lineNumber, columnNumber)
      : { originalSource: 'hello.js', originalLine: lineNumber };
    t.true('originalLine' in shown && shown.originalLine === line, JSON.stringify(shown));
    if (isCompiled) t.regex((shown as { originalSource: string }).originalSource, /src\/hello\.ts$/);
    const { result } = await debug.ask<{ result: { value: unknown } }>('Debugger.evaluateOnCallFrame', {
      callFrameId: frame!.callFrameId,
      expression: 'name',
    });
    t.is(result.value, 'world', 'what the orchestrator was given');

    await debug.ask('Debugger.removeBreakpoint', { breakpointId });
    await debug.ask('Debugger.resume');
    await until(() => /^Hello, world!$[^]*Ctrl-C stops/m.test(service.output()), 'the service to go on', 60);
    await debug.ask('Debugger.disable');
    debug.close(); // a process waits for its debugger at its end
    service.interrupt();
    t.is(await service.ended, 0, service.output());
  });
