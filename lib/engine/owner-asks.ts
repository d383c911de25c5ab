import { parseAddress, partitionOf } from '../wire/addresses.js';
import { decodeWanted } from '../wire/task-codec.js';
import type { TaskRequest } from '../wire/tasks.js';
import { encodeText } from '../wire/text-encoding.js';
import type { HubPorts, Subscription } from './ports.js';

/** An owner that has not answered after so many milliseconds is not there. */
const PATIENCE = 2_000;

/** Asks owners whether somebody still waits for an activity. */
export class OwnerAsks {
  readonly #hub: HubPorts;
  readonly #inbox: string;
  readonly #subscription: Subscription;
  readonly #waiting = new Map<string, (isWanted: boolean | undefined) => void>();

  constructor(hub: HubPorts) {
    this.#hub = hub;
    this.#inbox = `${hub.subjects.inboxPrefix}.${hub.random.id()}`;
    this.#subscription = hub.bus.subscribe(this.#inbox, (body) => this.#answered(body));
  }

  /** Undefined: nobody answered. One question for an activity at a time. */
  isWanted({ to, executionId, taskId }: TaskRequest): Promise<boolean | undefined> {
    const addressee = parseAddress(to);
    if (addressee.kind !== 'orchestration') return Promise.resolve(false);
    const { bus, clock, subjects, partitions } = this.#hub;
    const { queries } = subjects.partition(partitionOf(to, partitions));
    const { instanceId } = addressee;
    const query = { v: 1, kind: 'activity', instanceId, executionId, taskId };
    return new Promise((resolve) => {
      const key = `${executionId}.${taskId}`;
      const cancel = clock.after(PATIENCE, () => this.#settle(key, undefined));
      this.#waiting.set(key, (isWanted) => {
        cancel();
        resolve(isWanted);
      });
      bus.publish(queries, encodeText(JSON.stringify(query)), this.#inbox);
    });
  }

  close(): void {
    this.#subscription.close();
    for (const key of this.#waiting.keys()) this.#settle(key, undefined);
  }

  #answered(body: Uint8Array): void {
    const decoded = decodeWanted(body);
    if ('refused' in decoded) return; // an owner that cannot say: nothing follows from it
    const { executionId, taskId, isWanted } = decoded.value;
    this.#settle(`${executionId}.${taskId}`, isWanted);
  }

  #settle(key: string, isWanted: boolean | undefined): void {
    const resolve = this.#waiting.get(key);
    this.#waiting.delete(key);
    resolve?.(isWanted);
  }
}
