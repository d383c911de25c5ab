import { resolve } from 'node:path';
import { Command } from 'commander';
import type { LogLevel } from '../../compat/functions/bindings.js';
import { ConfigError } from '../../errors.js';
import { wholeNumber } from '../arguments.js';
import { connectionOf, withConnection, type HubOptions } from '../hubs/connection.js';
import { examples, note, print } from '../output.js';
import { paint } from '../paint.js';
import { keysOf } from '../servers/http-command.js';
import { untilToldToStop } from '../servers/until-told-to-stop.js';
import { appFolder } from './function-files.js';

interface StartOptions extends HubOptions {
  readonly port?: number;
  readonly hostname: string;
  readonly scriptRoot: string;
  readonly hub?: string;
  readonly keyFile?: string;
  readonly allowHost: readonly string[];
}

const gather = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** `perdure func ...`: apps that were written for Azure Functions and Durable Functions. */
export function funcCommands(): Command {
  const func = new Command('func').description('Run apps that were written for Azure Functions and Durable Functions.');
  withConnection(func.command('start'))
    .description(
      'Run a functions app as it is, on the embedded server or NATS: its modules get Perdure where they import durable-functions and ' +
        '@azure/functions. Requests are answered below /api, the management API below /runtime/webhooks/durabletask. Keys are read from ' +
        'a file or from PERDURE_HTTP_KEYS, separated by commas; without one whoever can reach it may ask. Ctrl-C stops it.',
    )
    .option(
      '-p, --port <number>',
      'the port; 0: one that is free (default: that of local.settings.json, else 7071)',
      wholeNumber(0, 65_535),
    )
    .option('--hostname <address>', 'the address; any but a loopback one needs a key', '127.0.0.1')
    .option('--script-root <path>', 'the folder of the app, with host.json and package.json', '.')
    .option('--hub <name>', 'the task hub (default: hubName of host.json, else TestHubName)')
    .option('--key-file <path>', 'a file with keys, one a line, each of 16 characters or more')
    .option(
      '--allow-host <name>',
      'a host under which it is asked, without port; may be given several times',
      gather,
      [],
    )
    .addHelpText('after', examples('perdure func start', 'perdure func start --script-root samples/hello --port 8080'))
    .action(start);
  return func.addHelpText('after', examples('perdure func start'));
}

async function start(options: StartOptions): Promise<void> {
  const folder = resolve(options.scriptRoot);
  const app = appFolder(folder);
  const { hostSettings, isWritten, localSettings, FunctionApp, registeredFunctions } = await hostModules();
  const local = localSettings(app.localSettings);
  for (const [name, value] of Object.entries(local.values)) process.env[name] ??= value;
  const settings = hostSettings(app.hostJson);
  if (settings.ignored.length > 0)
    note(
      paint('yellow', `host.json: these settings have no effect here: ${settings.ignored.join(', ')}.`, process.stderr),
    );
  const keys = await keysOf(options);
  const { connectTaskHub, functionServer, functionLines, loadFunctions, standIn, isLoopback } = await runModules();
  if (keys.length === 0 && !isLoopback(options.hostname))
    throw new ConfigError(
      `--hostname: without a key the host listens on the loopback device only, not on ${options.hostname}. Give --key-file.`,
    );
  standIn();
  await loadFunctions(app);
  const functions = [...registeredFunctions().values()];
  if (functions.length === 0)
    throw new ConfigError(
      `${folder}: no module that "main" of package.json names has registered a function. A bundle has to leave ` +
        '@azure/functions and durable-functions outside: what is inside it cannot be replaced.',
    );
  await using server = await functionServer(options.port ?? local.port ?? 7071, options.hostname);
  const connection = { ...(await connectionOf(options)), folder: options.folder ?? `${folder}/.perdure` };
  const hubOf = (name: string) => connectTaskHub({ name, partitions: settings.partitions, ...connection });
  await using hub = await hubOf(options.hub ?? settings.hubName);
  const hosted = new FunctionApp(hub, {
    settings,
    functions,
    origin: server.origin,
    keys,
    allowedHosts: options.allowHost,
    allowedOrigins: local.origins,
    write: (level, line, functionName) => {
      if (isWritten(level, settings.logLevel)) write(level, line, functionName);
    },
    hubOf,
  });
  await hosted.start();
  using toldToStop = untilToldToStop();
  server.answerWith(hosted.fetch);
  print(functionLines(functions, hosted.httpFunctions, hosted.queueFunctions, server.origin).join('\n')); // at once: others print too
  try {
    await Promise.race([toldToStop, hosted.ended()]);
  } finally {
    await hosted.stop();
  }
}

/** Loaded when they are needed: other commands start faster without. */
async function hostModules() {
  const [{ hostSettings, isWritten }, { localSettings }, { FunctionApp }, { registeredFunctions }] = await Promise.all([
    import('../../compat/host/host-json.js'),
    import('../../compat/host/local-settings.js'),
    import('../../compat/host/function-app.js'),
    import('../../compat/functions/registered-function.js'),
  ]);
  return { hostSettings, isWritten, localSettings, FunctionApp, registeredFunctions };
}

async function runModules() {
  const [{ connectTaskHub }, { functionServer }, { functionLines }, { loadFunctions, standIn }, { isLoopback }] =
    await Promise.all([
      import('../../nats/connect-task-hub.js'),
      import('./function-server.js'),
      import('./function-lines.js'),
      import('./users-functions.js'),
      import('../../http/node-listener.js'),
    ]);
  return { connectTaskHub, functionServer, functionLines, loadFunctions, standIn, isLoopback };
}

function write(level: LogLevel, line: string, functionName: string): void {
  const text = `[${new Date().toISOString()}] ${functionName}: ${line}`;
  if (level === 'error' || level === 'critical') note(paint('red', text, process.stderr));
  else if (level === 'warning') note(paint('yellow', text, process.stderr));
  else print(text);
}
