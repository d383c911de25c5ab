import type { Problem } from './problem.js';

/** So often something is sent where there is nothing to say, so that nobody takes the connection for dead. */
const HEARTBEAT = 15_000;

const encoder = new TextEncoder();

/** What is told by server-sent events. */
export interface EventSource<T> {
  /** The name of the events. */
  readonly name: string;
  /** Begins to tell; the signal ends it. */
  readonly begin: (signal: AbortSignal) => AsyncGenerator<T, void>;
  /** What is told of each. */
  readonly bodyOf: (item: T) => unknown;
  /** What is told of an error. */
  readonly problemOf: (error: unknown) => Problem;
  /** Called at the end, however it comes. */
  readonly leave: () => void;
}

/**
 * The answer of a watch. The first event is awaited, so that what is wrong with the question is an answer of its own; what fails
 * later is an event `error`. Behind the last one comes `end`.
 */
export async function eventStream<T>(asked: AbortSignal, source: EventSource<T>): Promise<Response> {
  const over = new AbortController();
  const items = begun(source, AbortSignal.any([asked, over.signal]));
  const end = (): void => {
    over.abort();
    source.leave();
    items.return().catch(() => {}); // it was left
  };
  const first = await items.next().catch((error: unknown) => {
    end();
    throw error;
  });
  let next: Promise<IteratorResult<T, void>> | undefined = Promise.resolve(first);
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const item = await orHeartbeat((next ??= items.next())).catch((error: unknown) => ({ error }));
      if (over.signal.aborted) return; // nobody reads any more
      if (asked.aborted) {
        end();
        return controller.close();
      }
      if (item === 'heartbeat') return controller.enqueue(encoder.encode(':\n\n'));
      next = undefined;
      try {
        if ('value' in item && item.done !== true)
          return controller.enqueue(eventOf(source.name, source.bodyOf(item.value)));
        controller.enqueue('error' in item ? eventOf('error', source.problemOf(item.error)) : eventOf('end', {}));
      } catch (error) {
        end(); // a stream that fails is not cancelled
        throw error;
      }
      end();
      controller.close();
    },
    cancel: end,
  });
  return new Response(stream, { headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' } });
}

/** What is wrong with the question may be seen before anything has begun. */
function begun<T>({ begin, leave }: EventSource<T>, signal: AbortSignal): AsyncGenerator<T, void> {
  try {
    return begin(signal);
  } catch (error) {
    leave();
    throw error;
  }
}

function orHeartbeat<T>(next: Promise<T>): Promise<T | 'heartbeat'> {
  let timer: NodeJS.Timeout | undefined;
  const heartbeat = new Promise<'heartbeat'>((resolve) => {
    timer = setTimeout(() => resolve('heartbeat'), HEARTBEAT);
  });
  return Promise.race([next, heartbeat]).finally(() => clearTimeout(timer));
}

function eventOf(name: string, body: unknown): Uint8Array {
  return encoder.encode(`event: ${name}\ndata: ${JSON.stringify(body)}\n\n`);
}
