/**
 * A worker with activities only, as a process of its own. Arguments: server, hub. It tells its parent of each run that
 * begins and ends, and ends a run after the milliseconds of its input, or when its parent says so.
 */
import { ActivityContext, connectTaskHub, TaskHubWorker } from 'perdure';
import { Activity } from 'perdure/decorators';

const [servers, name = 'activities'] = process.argv.slice(2);

// Nobody is left to ask for anything.
process.once('disconnect', () => process.exit(1));
process.channel?.unref();

/** What a run tells. */
export interface RunNews {
  readonly what: 'begun' | 'ended' | 'aborted';
  readonly input: number;
  readonly attempt: number;
  readonly key: string;
  readonly at: number;
  readonly code?: string | undefined;
}

class Jobs {
  @Activity() job(milliseconds: number, context: ActivityContext): Promise<number> {
    return run(milliseconds, context);
  }
  @Activity({ hubConcurrency: 2 }) scarce(milliseconds: number, context: ActivityContext): Promise<number> {
    return run(milliseconds, context);
  }
}

function run(input: number, { attempt, idempotencyKey: key, signal }: ActivityContext): Promise<number> {
  const tell = (what: RunNews['what'], code?: string): void =>
    void process.send?.({ what, input, attempt, key, at: Date.now(), code } satisfies RunNews);
  tell('begun');
  return new Promise((resolve) => {
    const end = (): void => {
      tell('ended');
      resolve(process.pid);
    };
    const timer = setTimeout(end, input);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      tell('aborted', (signal.reason as { code?: string }).code);
      resolve(0);
    });
  });
}

await using hub = await connectTaskHub({ name, servers });
await using worker = await TaskHubWorker.start(hub, { activities: [new Jobs()] });
process.send?.('ready');
await worker.untilStopped();
