import { ClosedError } from '../errors.js';
import { decodeHead } from '../wire/head-codec.js';
import type { Address } from '../wire/messages.js';
import { isEnd } from './orchestration-state.js';
import type { PartitionPorts } from './ports.js';

/** An owner's first sweep, and the wait before each next one, in milliseconds. */
const FIRST = 600_000;
const PAUSE = 3_600_000;

/**
 * Finds the instances of a partition that have ended so long ago that they are not kept any more. A head only hints at
 * that: the instance is told, and decides.
 */
export class RetentionSweep {
  readonly #ports: PartitionPorts;
  readonly #due: (address: Address) => void;
  #cancel = (): void => {};
  #isStopped = false;

  constructor(ports: PartitionPorts, due: (address: Address) => void) {
    this.#ports = ports;
    this.#due = due;
  }

  start(): void {
    this.#after(FIRST);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #after(milliseconds: number): void {
    this.#cancel = this.#ports.clock.after(milliseconds, () => {
      this.#run()
        .catch((error: unknown) => this.#failed(error))
        .finally(() => {
          if (!this.#isStopped) this.#after(PAUSE);
        });
    });
  }

  async #run(): Promise<void> {
    const { views, subjects, clock } = this.#ports;
    const now = clock.now();
    for await (const { subject, body } of views.scan(subjects.heads)) {
      if (this.#isStopped) return;
      const address = subjects.addressOf(subject);
      if (address === undefined || !utf8.decode(body).includes('"retention"')) continue;
      const head = decodeHead(body, `Head ${subject}`);
      if (head.type !== 'orchestration' || head.retention === undefined || !isEnd(head.status)) continue;
      if (head.updatedAt + head.retention <= now) this.#due(address);
    }
  }

  /** What a sweep does not find, a later one does. */
  #failed(error: unknown): void {
    if (this.#isStopped || error instanceof ClosedError) return;
    this.#ports.logger.error(`A sweep for instances that are not kept any more failed: ${String(error)}`, {
      instance: `partition ${this.#ports.subjects.partition}`,
    });
  }
}

const utf8 = new TextDecoder();
