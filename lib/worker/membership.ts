import type { Loop, Loops } from '../engine/loops.js';
import type { HubPorts } from '../engine/ports.js';
import { ClosedError } from '../errors.js';
import { encodeWorker } from '../wire/ownership-codec.js';
import { leaseMilliseconds, ownershipKeys, type WorkerRecord } from '../wire/ownership.js';
import { RENEWAL } from './lease.js';

/** The server forgets a worker that was silent for so many seconds; the others have given it up long before. */
const FORGOTTEN = 60;
/** A fenced worker waits up to so many milliseconds longer than a lease, each another time. */
const JITTER = 1_000;

/** What a worker tells of itself for as long as it lives. */
export type WorkerIdentity = Omit<WorkerRecord, 'v' | 'state'>;

/**
 * This worker among the workers of its hub: a record that it rewrites every few seconds, and a word on the bus whenever
 * the others should look again.
 */
export class Membership {
  readonly #ports: HubPorts;
  readonly #identity: WorkerIdentity;
  readonly #onBeat: () => void;
  readonly #loop: Loop;
  #state: WorkerRecord['state'] = 'ready';
  #revision = 0;
  #beatAt = 0;
  #isRested = false;
  #cancel = (): void => {};
  #cancelRest = (): void => {};
  #isOver = false;
  /** One write at a time. */
  #line: Promise<void> = Promise.resolve();

  /** `onBeat`: told after each time that the record was rewritten. */
  constructor(ports: HubPorts, identity: WorkerIdentity, onBeat: () => void, loops: Loops) {
    this.#loop = loops.add("the storing of the worker's record");
    this.#ports = ports;
    this.#identity = identity;
    this.#onBeat = onBeat;
  }

  get id(): string {
    return this.#identity.id;
  }

  /** This worker as the others are to see it. */
  get record(): WorkerRecord {
    return { v: 1, ...this.#identity, state: this.#state };
  }

  /** Resolves when the others can see this worker. Rejects with ClosedError. */
  async join(): Promise<void> {
    await this.#tell();
    this.#beatAt = this.#ports.clock.now();
    this.#next();
  }

  /** A partition was lost to another worker, which thought this one dead: it takes nothing for a lease and longer (P21). */
  rest(): void {
    if (this.#state === 'leaving') return;
    const { clock, random } = this.#ports;
    this.#cancelRest();
    this.#isRested = false;
    // Not by the time that `now` tells: it may stand still for long when the server's has gone back.
    this.#cancelRest = clock.after(leaseMilliseconds + jitterOf(random.id()), () => (this.#isRested = true));
    if (this.#state === 'resting') return;
    this.#state = 'resting';
    this.#ports.logger.warn('Others may have taken over what this worker had: it takes nothing for some seconds', {
      instance: this.#identity.name,
    });
    this.#tell().catch(ignoreClosed);
  }

  /** Resolves when the others can see that this worker gives back what it has. Rejects with ClosedError. */
  leave(): Promise<void> {
    this.#state = 'leaving';
    return this.#tell();
  }

  /** Resolves when the others see this worker no more. Rejects with ClosedError. */
  async end(): Promise<void> {
    this.#isOver = true;
    this.#cancel();
    this.#cancelRest();
    await this.#line;
    await this.#ports.store.remove(`${ownershipKeys.workers}.${this.id}`, this.#revision);
    this.notify();
  }

  /** Asks all workers of the hub to look again. */
  notify(): void {
    this.#ports.bus.publish(this.#ports.subjects.workers, new TextEncoder().encode(`{"v":1,"from":"${this.id}"}`));
  }

  #next(): void {
    if (this.#isOver) return;
    this.#cancel = this.#ports.clock.about(RENEWAL, () => {
      this.#beat().then(() => this.#next(), ignoreClosed);
    });
  }

  async #beat(): Promise<void> {
    const now = this.#ports.clock.now();
    const wasAway = now - this.#beatAt > leaseMilliseconds;
    this.#beatAt = now;
    // Frozen for longer than a lease: others have taken what it had, and are not to give it back at once.
    if (wasAway) this.rest();
    if (this.#state === 'resting' && this.#isRested) {
      this.#state = 'ready';
      await this.#tell();
    } else await this.#store();
    this.#onBeat();
  }

  async #tell(): Promise<void> {
    await this.#store();
    this.notify();
  }

  /** Stores the record as it is then; whatever is stored under this worker's own id is its own. */
  #store(): Promise<void> {
    const turn = this.#line.then(async () => {
      const { store } = this.#ports;
      const key = `${ownershipKeys.workers}.${this.id}`;
      this.#loop.begin();
      for (;;) {
        const revision = await store.put(key, encodeWorker(this.record), this.#revision, { ttlInSeconds: FORGOTTEN });
        if (revision !== undefined) {
          this.#revision = revision;
          return this.#loop.end();
        }
        this.#revision = (await store.get(key))?.revision ?? 0;
      }
    });
    this.#line = turn.catch(() => {});
    return turn;
  }
}

/** From 0 to a second, by a random id. */
function jitterOf(id: string): number {
  let hash = 0;
  for (const character of id) hash = (hash * 31 + character.charCodeAt(0)) % JITTER;
  return hash;
}

function ignoreClosed(error: unknown): void {
  if (!(error instanceof ClosedError)) throw error;
}
