import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { TaskQueues } from '../../engine/ports.js';
import { TimeoutError } from '../../errors.js';
import type { HubQueue } from './queue-names.js';

/** How long a message is tried to be stored, and the pause between two tries, in milliseconds. */
const LONGEST = 30_000;
const PAUSE = 100;

/** What a function gets of a message: its value when it is JSON, else its text; the bytes of what is no text. */
export function messageValue(body: Uint8Array): unknown {
  try {
    return jsonOr(strictUtf8.decode(body));
  } catch {
    return Buffer.from(body);
  }
}

/** The messages that a value of an output stands for: an array is one for each of its elements. */
export function messagesOf(value: unknown): readonly Uint8Array[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  return all.filter((one) => one !== undefined && one !== null).map(bodyOf);
}

/** Stores messages in queues of the hub. */
export class QueueMessages {
  readonly #tasks: TaskQueues;

  constructor(tasks: TaskQueues) {
    this.#tasks = tasks;
  }

  /** Resolves once it is stored; with the same id it is stored once. Rejects with TimeoutError, PayloadTooLargeError and ClosedError. */
  async send(queue: HubQueue, body: Uint8Array, id: string = randomUUID()): Promise<void> {
    const deadline = performance.now() + LONGEST;
    while (!(await this.#tasks.publish(queue.name, body, id))) {
      if (performance.now() > deadline)
        throw new TimeoutError(
          `Nobody has said within ${LONGEST} ms that a message is stored in queue ${queue.shown}.`,
          undefined,
          'unknown',
        );
      await delay(PAUSE);
    }
  }
}

function bodyOf(value: unknown): Uint8Array {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return encoder.encode(typeof value === 'string' ? value : JSON.stringify(value));
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();
