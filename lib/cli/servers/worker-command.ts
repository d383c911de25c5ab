import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { ConfigError } from '../../errors.js';
import { examples } from '../output.js';
import { Supervisor } from './supervisor.js';

const MOST_PROCESSES = 256;
/** A signal that comes so soon behind the first, in milliseconds, is the same one: npm hands on what the terminal has sent too. */
const MOMENT = 500;

interface WorkerOptions {
  readonly processes: number;
}

/** `perdure worker`: a script that starts a worker, in several processes. */
export function workerCommand(): Command {
  return new Command('worker')
    .description(
      'Run a script that starts a worker in several processes, one for each core: the workers share the partitions of the ' +
        'hub. One that fails is started again. Ctrl-C stops all in good order, a second one at once.',
    )
    .argument('<script>', 'the JavaScript file, such as build/main.js')
    .argument('[args...]', 'what the script is called with')
    .addOption(
      new Option('--processes <number>', 'how many')
        .argParser(processesOf)
        .default(availableParallelism(), 'one for each core'),
    )
    .addHelpText('after', examples('perdure worker build/main.js', 'perdure worker build/main.js --processes 4'))
    .action(runWorkers);
}

async function runWorkers(file: string, args: readonly string[], { processes }: WorkerOptions): Promise<void> {
  const script = resolve(file);
  if (!existsSync(script)) throw new ConfigError(`There is no file ${script}.`);
  const onNews = (line: string): void => void process.stderr.write(`${line}\n`);
  const supervisor = new Supervisor({ script, args, processes, onNews });
  let toldAt: number | undefined;
  const onSignal = (): void => {
    const now = performance.now();
    if (toldAt !== undefined && now - toldAt < MOMENT) return;
    supervisor.stop(toldAt === undefined ? 'gracefully' : 'at once');
    toldAt ??= now;
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const failure = await supervisor.ended;
  process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  if (failure !== undefined)
    throw new ConfigError(`${failure}: the script does not work as it is. See its own output.`);
}

function processesOf(text: string): number {
  const processes = Number(text);
  if (Number.isInteger(processes) && processes >= 1 && processes <= MOST_PROCESSES) return processes;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST_PROCESSES}.`);
}
