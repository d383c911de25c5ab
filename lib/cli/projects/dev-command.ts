import { dirname } from 'node:path';
import { Command } from 'commander';
import { TaskHubClient } from '../../client/task-hub-client.js';
import { connectExistingTaskHub } from '../../nats/connect-task-hub.js';
import { startEmbeddedServer, type EmbeddedServer } from '../../nats/server/embedded-server.js';
import { wholeNumber } from '../arguments.js';
import { payloadCodecOf } from '../hubs/codec-module.js';
import { CODEC } from '../hubs/connection.js';
import { examples, note, print } from '../output.js';
import { paint } from '../paint.js';
import { httpModules } from '../servers/http-command.js';
import { untilToldToStop } from '../servers/until-told-to-stop.js';
import { Compiler } from './compiler.js';
import { connectedHub } from './connected-hub.js';
import { registeredOrchestrators } from './registered-orchestrators.js';
import { serviceFile, type ServiceFile } from './service-file.js';
import { ServiceProcess } from './service-process.js';
import { SourceWatch } from './source-watch.js';

interface DevOptions {
  readonly hub?: string;
  readonly port: number;
  readonly folder?: string;
  readonly inspect?: string | true;
  readonly codec?: string;
}

/** `perdure dev`. */
export function devCommand(): Command {
  return new Command('dev')
    .description(
      'Run all of a project on this machine: a nats-server, the service, which is compiled and started again when its sources change, ' +
        'and the HTTP management API of its task hub. Ctrl-C stops all. NATS_URL is of no effect: the service is given that of the server.',
    )
    .argument('[path]', 'the file that starts the worker, or a folder with service.ts or the like', '.')
    .option('--hub <name>', 'the task hub of the HTTP API (default: the one that the service connects to)')
    .option('--port <number>', 'the port of the HTTP API; 0: one that is free', wholeNumber(0, 65_535), 7071)
    .option('--folder <path>', "the server's data folder (default: .perdure in the project)")
    .option('--inspect [address]', 'let a debugger attach to the service')
    .option('--codec <module>', CODEC)
    .addHelpText(
      'after',
      examples('perdure dev', 'perdure dev samples/hello', 'perdure dev src/service.ts --port 8080'),
    )
    .action(dev);
}

async function dev(path: string, options: DevOptions): Promise<void> {
  const service = serviceFile(path);
  const folder = options.folder ?? `${service.project}/.perdure`;
  const over = new AbortController();
  using _over = { [Symbol.dispose]: () => over.abort() };
  const toldToStop = untilToldToStop(over.signal);
  const compiler = new Compiler(service);
  const [server, first] = await Promise.all([startEmbeddedServer({ folder }), compiler.compile()]);
  await using _server = server;
  print(`${paint('dim', 'server ')}  ${server.url}`);
  const runner = new Runner(service, compiler, server, options);
  const since = new Date();
  runner.run(first);
  using _watch = new SourceWatch([service.project, dirname(service.file)], () => void runner.reload());
  const serving = serve(server, since, options, over.signal);
  try {
    await Promise.race([toldToStop, serving]);
    await toldToStop;
  } finally {
    over.abort();
    await runner.stop();
    await serving;
  }
}

/** Runs the service as it was compiled last. */
class Runner {
  readonly #service: ServiceFile;
  readonly #compiler: Compiler;
  readonly #env: NodeJS.ProcessEnv;
  readonly #nodeOptions: readonly string[];
  #process: ServiceProcess | undefined;
  /** What is going on, and whether there was a change meanwhile. */
  #reloading: Promise<void> | undefined;
  #isStale = false;
  #isStopped = false;

  constructor(service: ServiceFile, compiler: Compiler, { url }: EmbeddedServer, { inspect }: DevOptions) {
    this.#service = service;
    this.#compiler = compiler;
    this.#env = { ...process.env, NATS_URL: url };
    this.#nodeOptions = inspect === undefined ? [] : [inspect === true ? '--inspect' : `--inspect=${inspect}`];
  }

  /** What does not compile is said, and does not run. */
  run({ script, complaints }: { readonly script: string; readonly complaints: string }): void {
    if (complaints !== '') {
      note(complaints);
      return note(
        paint('red', `${this.#service.shown} does not compile; it is tried again at the next change.`, process.stderr),
      );
    }
    print(`${paint('dim', 'service')}  ${this.#service.shown}`);
    this.#process = new ServiceProcess({
      script,
      env: this.#env,
      nodeOptions: this.#nodeOptions,
      onEnded: (how) =>
        note(paint('yellow', `${this.#service.shown} ${how}; it is started again at the next change.`, process.stderr)),
    });
  }

  /** Compiles and starts it again. A change meanwhile is one more time. */
  reload(): Promise<void> {
    this.#isStale = true;
    return (this.#reloading ??= this.#reload().finally(() => (this.#reloading = undefined)));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#reloading;
    await this.#process?.stop();
  }

  async #reload(): Promise<void> {
    while (this.#isStale && !this.#isStopped) {
      this.#isStale = false;
      const compiled = await this.#compiler.compile();
      if (this.#isStale || this.#isStopped) continue;
      if (compiled.complaints === '') await this.#process?.stop(); // else what runs goes on
      if (!this.#isStopped) this.run(compiled);
    }
  }
}

/** Serves the HTTP API of the hub that the service connects to. */
async function serve(server: EmbeddedServer, since: Date, options: DevOptions, signal: AbortSignal): Promise<void> {
  const [name, { HttpApi, serveHttpApi }] = await Promise.all([
    options.hub ?? connectedHub(server.monitorUrl, since, signal),
    httpModules(),
  ]);
  if (name === undefined) return;
  await using hub = await connectExistingTaskHub({
    name,
    servers: server.url,
    payloadCodec: await payloadCodecOf(options),
  });
  await using client = new TaskHubClient(hub);
  const api = new HttpApi(client);
  await using http = await serveHttpApi(api, { port: options.port });
  const url = `${http.url}${api.basePath}`;
  const [orchestrator = 'NAME'] = await registeredOrchestrators(hub, signal);
  print(`${paint('dim', 'HTTP   ')}  ${url}`);
  const start = `${url}/orchestrators/${orchestrator}?timeout=10&pollingInterval=1`;
  print(`${paint('dim', 'try    ')}  curl -X POST '${start}' -H 'content-type: application/json' -d '"world"'`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}
