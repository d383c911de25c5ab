import { dirname } from 'node:path';
import { startEmbeddedServer, type EmbeddedServer } from '../../nats/server/embedded-server.js';
import { note, print } from '../output.js';
import { paint } from '../paint.js';
import { untilToldToStop } from '../servers/until-told-to-stop.js';
import { Compiler } from './compiler.js';
import type { DevOptions } from './dev-command.js';
import { serviceFile, type ServiceFile } from './service-file.js';
import { ServiceProcess } from './service-process.js';
import { SourceWatch } from './source-watch.js';

/** Runs all of a project until it is told to stop. */
export async function dev(path: string, options: DevOptions): Promise<void> {
  const service = serviceFile(path);
  const folder = options.folder ?? `${service.project}/.perdure`;
  using toldToStop = untilToldToStop();
  const over = new AbortController();
  const compiler = new Compiler(service);
  const [server, first, { serveHubApi }] = await Promise.all([
    startEmbeddedServer({ folder }),
    compiler.compile(),
    import('./hub-api.js'), // loaded while the compiler is at work
  ]);
  await using _server = server;
  print(`${paint('dim', 'server ')}  ${server.url}`);
  const runner = new Runner(service, compiler, server, options);
  const since = new Date();
  runner.run(first);
  using _watch = new SourceWatch([service.project, dirname(service.file)], () => void runner.reload());
  const serving = serveHubApi(server, since, options, over.signal);
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
