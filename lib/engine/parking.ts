import { ClosedError } from '../errors.js';
import { encodeParked, encodeParkedPage } from '../wire/parked-codec.js';
import type { Message } from '../wire/messages.js';
import { utf8Length } from '../wire/text.js';
import type { ParkedBox } from '../wire/parked.js';
import { asError } from './as-error.js';
import type { Committer } from './committer.js';
import type { Inbox } from './inbox.js';
import type { Input, Instance } from './instance.js';
import type { Instances } from './instances.js';
import type { Loops } from './loops.js';
import type { MailLimits } from './mail-limits.js';
import { Overdue } from './overdue.js';
import type { ParkedPages } from './parked-pages.js';
import type { Clock } from './ports.js';
import type { PartitionTables } from './tables.js';
import { concernsWhole, type Mark, type Run } from './waiting.js';

/** All that has come. */
const everything: Mark = { mail: Infinity, counter: Infinity };

/** The parts of a partition that parking works on. */
export interface ParkingParts {
  readonly tables: PartitionTables;
  readonly clock: Clock;
  readonly pages: ParkedPages;
  readonly instances: Instances;
  readonly inbox: Inbox;
  readonly committer: Committer;
  readonly loops: Loops;
}

/** The messages of a page that is being stored, by instance, and their texts. */
type Batch = ReadonlyMap<Instance, { readonly inputs: Input[]; readonly texts: string[] }>;

/**
 * Parks messages that wait too long (P4): stores their bodies in a page of the state stream, and then lets a record say
 * that their inputs are consumed and that they wait there. So an instance that cannot go on holds back neither the mail
 * stream nor the checkpoint, and takes no memory.
 *
 * C6. Of an instance's inputs the first ones are parked first, mail and local messages alike: parked ones stand before
 *     all others, also after a takeover.
 */
export class Parking {
  readonly #parts: ParkingParts;
  readonly #limits: MailLimits;
  readonly #failed: (error: Error) => void;
  readonly #overdue: Overdue;
  /** The instances whose inputs are to be parked, and how far. */
  readonly #wanted = new Map<Instance, Mark>();
  /** What goes into the page that is being stored. */
  #storing: Batch = new Map();
  #isRunning = false;
  #isRemoving = false;
  #isStopped = false;

  constructor(parts: ParkingParts, limits: MailLimits, failed: (error: Error) => void) {
    this.#parts = parts;
    this.#limits = limits;
    this.#failed = failed;
    this.#overdue = new Overdue(limits);
  }

  /** From now on it parks, and removes the pages that former owners left. */
  start(): void {
    const { tables, pages, clock, inbox, loops } = this.#parts;
    this.#try(async () => {
      await loops.watch('the sweep for pages of parked messages', pages.sweep());
      await this.#remove();
    });
    const now = (): Mark => ({ mail: inbox.last, counter: tables.counter });
    this.#overdue.watch(clock, now, (mark) => this.#look(mark));
  }

  stop(): void {
    this.#isStopped = true;
    this.#overdue.stop();
  }

  /** Whether an input is in a page, or about to be: it is taken in its order then. */
  holds(instance: Instance, input: Input): boolean {
    return input.parked !== undefined || (this.#storing.get(instance)?.inputs.includes(input) ?? false);
  }

  /** Mail was taken. */
  took(sequence: number, bytes: number): void {
    this.#overdue.took(sequence, bytes);
  }

  /** A batch of mail was taken: what stands too far back is parked, whatever its instance does. */
  tookAll(): void {
    const { inbox, instances } = this.#parts;
    const { far } = this.#overdue;
    if (inbox.oldest <= far) this.#want(instances.waiting(), { mail: far, counter: Infinity });
  }

  /** An occupied instance has much in memory. */
  crowded(instance: Instance): void {
    if (this.#wanted.get(instance) !== everything) this.#want([instance], everything);
  }

  /** There is too much in memory: instances that cannot go on keep nothing of what they wait with. */
  relieve(): void {
    const { instances } = this.#parts;
    const occupied = [...instances.occupied()];
    for (const instance of occupied) instances.parked(instance, new Map(), 0);
    this.#want(occupied, everything);
  }

  /** Reads the messages of a run. */
  async recall({ address }: Instance, { page, from, end }: Run): Promise<readonly Input[]> {
    const { boxes, bytesEach } = await this.#parts.pages.read(page);
    const messages = boxes.get(address) ?? [];
    return messages
      .slice(from, end)
      .map((body, at) => ({ body, parked: [page, from + at] as const, bytes: bytesEach }));
  }

  /** A record is acknowledged: pages in which nothing waits any more are removed. */
  acknowledged(): void {
    if (this.#parts.tables.parked.emptied.size > 0) this.#try(() => this.#remove());
  }

  /** What has waited too long for instances that cannot go on. */
  #look(mark: Mark): void {
    const { tables, inbox, instances } = this.#parts;
    const [oldestLocal] = tables.locals.values();
    if (inbox.oldest <= mark.mail || (oldestLocal?.counter ?? Infinity) <= mark.counter)
      this.#want(instances.occupied(), mark);
  }

  #want(instances: Iterable<Instance>, mark: Mark): void {
    for (const instance of instances) if (this.#wanted.get(instance) !== everything) this.#wanted.set(instance, mark);
    if (this.#isRunning || this.#isStopped || this.#wanted.size === 0) return;
    this.#isRunning = true;
    this.#try(() => this.#parkAll());
  }

  /** A page after another: of those that no record names yet there is never more than one. */
  async #parkAll(): Promise<void> {
    const { pages, committer, instances, loops } = this.#parts;
    for (;;) {
      const batch = (this.#storing = this.#next());
      if (batch.size === 0) {
        this.#isRunning = false;
        return;
      }
      const texts = Array.from(batch, ([{ address }, box]) => [address, box.texts] as const);
      const page = await loops.watch('the storing of parked messages', pages.create(encodeParkedPage(texts)));
      if (this.#isStopped) return;
      const boxes = this.#settle(page.name, batch);
      this.#storing = new Map();
      if (boxes.length === 0) await pages.remove(page.name);
      else committer.group.park({ page: page.name, sequence: page.sequence, boxes });
      instances.pump();
      await committer.whenAcknowledged();
    }
  }

  /** The messages of the next page. */
  #next(): Batch {
    const batch = new Map<Instance, { inputs: Input[]; texts: string[] }>();
    let [messages, bytes] = [0, 0];
    for (const [instance, mark] of this.#wanted) {
      const box = { inputs: [] as Input[], texts: [] as string[] };
      let isFull = false;
      for (const input of instance.parkable(mark)) {
        const text = encodeParked(input.body as Message);
        bytes += utf8Length(text);
        isFull = messages > 0 && (messages >= this.#limits.pageMessages || bytes > this.#limits.pageBytes);
        if (isFull) break;
        messages++;
        box.inputs.push(input);
        box.texts.push(text);
      }
      if (box.inputs.length > 0) batch.set(instance, box);
      if (isFull) return batch;
      this.#wanted.delete(instance);
    }
    return batch;
  }

  /** What a record says of a page: an instance may have taken its first messages while the page was being stored. */
  #settle(page: string, batch: Batch): ParkedBox[] {
    const { instances, inbox } = this.#parts;
    const keep = 2 * instances.bytes > this.#limits.bytes ? 0 : this.#limits.kept;
    const boxes: ParkedBox[] = [];
    for (const [instance, { inputs }] of batch) {
      const [next] = instance.parkable(everything);
      const from = next ? inputs.indexOf(next) : -1;
      if (from < 0) continue;
      const parked = new Map<Input, Input>();
      const [mail, local]: [number[], number[]] = [[], []];
      const control = inputs.findLastIndex(({ body }) => concernsWhole(body));
      let bytes = 0;
      for (const [index, input] of inputs.entries()) {
        if (index < from) continue;
        parked.set(input, { body: input.body, parked: [page, index], bytes: input.bytes });
        bytes += input.bytes;
        if (input.mail) mail.push(...input.mail);
        if (input.mail) inbox.consumed(input.mail);
        if (input.local) local.push(...input.local);
      }
      instances.parked(instance, parked, keep);
      boxes.push({
        to: instance.address,
        from,
        end: inputs.length,
        bytes,
        ...(control >= from && { control }),
        ...(mail.length > 0 && { mail }),
        ...(local.length > 0 && { local }),
      });
    }
    return boxes;
  }

  async #remove(): Promise<void> {
    if (this.#isRemoving) return;
    this.#isRemoving = true;
    const { tables, pages, loops } = this.#parts;
    for (const page of tables.parked.emptied.keys()) {
      if (this.#isStopped) return;
      await loops.watch('the removal of parked messages', pages.remove(page));
      tables.parked.forget(page);
    }
    this.#isRemoving = false;
  }

  #try(run: () => Promise<void>): void {
    run().catch((error: unknown) => {
      if (this.#isStopped || error instanceof ClosedError) return;
      this.#failed(asError(error));
    });
  }
}
