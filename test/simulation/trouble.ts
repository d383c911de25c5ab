import type { Fault, PortCall } from '../../lib/memory/faults.js';
import type { SeededRandom } from '../../lib/memory/random.js';
import type { Incident } from './chaos.js';
import { WORKERS } from './processes.js';
import type { Program } from './script.js';

/** What is wrong with a server's settings, with a clock or with the way to a process; times are virtual milliseconds. */
export type Trouble =
  /**
   * An operator takes a process's permissions away and gives them back: to publish (on one port only, or at all), or to
   * subscribe, without which it hears no answer and no core message.
   */
  | {
      readonly do: 'refuse';
      readonly at: number;
      readonly target: string;
      readonly for: number;
      readonly right: 'publish' | 'subscribe';
      readonly port?: PortCall['port'] | undefined;
    }
  /** A partition's stream takes nothing of more bytes. */
  | {
      readonly do: 'narrow';
      readonly at: number;
      readonly for: number;
      readonly partition: number;
      readonly port: PortCall['port'];
      readonly bytes: number;
    }
  /** All that a process sends and hears takes so much longer each way, for the whole run. */
  | { readonly do: 'far'; readonly target: string; readonly by: number }
  /** A process's clock leaps. */
  | { readonly do: 'jump'; readonly at: number; readonly target: string; readonly milliseconds: number };

/** Troubles begin before this time: most of what a program does it does early. */
const EARLY = 2_500;
/** Nothing but this is stored by owners and refused for its size without an end of what it belongs to. */
const NARROWED = ['log', 'views', 'mailbox'] as const;
const REFUSED = ['log', 'views', 'mailbox', 'tasks', 'bus', undefined] as const;

/** In a few of the seeds, each kind by itself. */
export function generateTrouble(random: SeededRandom, { partitions }: Program): Trouble[] {
  const drawn = random.next();
  const at = random.next() < 0.6 ? random.below(40) : random.below(EARLY);
  const target = random.next() < 0.85 ? pick(random, WORKERS) : 'c0';
  if (drawn < 0.06) {
    const right = random.next() < 0.7 ? 'publish' : 'subscribe';
    return [{ do: 'refuse', at, target, for: 300 + random.below(6_000), right, port: pick(random, REFUSED) }];
  }
  if (drawn < 0.12) {
    const [port, partition, bytes] = [pick(random, NARROWED), random.below(partitions), 150 + random.below(700)];
    return [{ do: 'narrow', at, for: 200 + random.below(1_800), partition, port, bytes }];
  }
  if (drawn < 0.16) return [{ do: 'far', target, by: 25 + random.below(375) }];
  if (drawn < 0.21) return [{ do: 'jump', at, target: pick(random, WORKERS), milliseconds: leap(random) }];
  return [];
}

/** Seconds mostly, minutes, and up to an hour; ahead or back. */
export function leap(random: SeededRandom): number {
  const [size, share] = [random.next(), random.next()];
  const milliseconds = Math.round(share * (size < 0.7 ? 20_000 : size < 0.95 ? 300_000 : 3_600_000));
  return random.next() < 0.6 ? milliseconds : -milliseconds;
}

function pick<T>(random: SeededRandom, items: readonly T[]): T {
  return items[random.below(items.length)]!;
}

/** By how much clocks are ahead at the most, in milliseconds. */
export function aheadBy(incidents: readonly Incident[]): number {
  return incidents.reduce((sum, one) => sum + (one.do === 'jump' ? Math.max(0, one.milliseconds) : 0), 0);
}

/** Whether the server may refuse something so that an owner ends, or says so in the log. */
export function mayRefuse(incidents: readonly Incident[]): boolean {
  return incidents.some((one) => one.do === 'refuse' || one.do === 'narrow');
}

type Refusing = Extract<Trouble, { do: 'refuse' }>;
type Narrow = Extract<Trouble, { do: 'narrow' }>;

/** What a server that refuses makes of calls. */
export class TroubleFaults {
  readonly #refusing: readonly Refusing[];
  readonly #narrow: readonly Narrow[];
  readonly #now: () => number;

  constructor(incidents: readonly Incident[], now: () => number) {
    this.#refusing = incidents.filter((one) => one.do === 'refuse');
    this.#narrow = incidents.filter((one) => one.do === 'narrow');
    this.#now = now;
  }

  of(call: PortCall, process: string): Fault | undefined {
    if (this.#refusing.length + this.#narrow.length === 0) return undefined;
    const now = this.#now();
    const isOn = (one: { readonly at: number; readonly for: number }): boolean =>
      now >= one.at && now < one.at + one.for;
    for (const one of this.#refusing) {
      if (one.target !== process || !isOn(one)) continue;
      if (one.right === 'subscribe') return 'responseLost';
      if (one.port === undefined || one.port === call.port) return 'refused';
    }
    // What a client sends is refused for good: it would be another program.
    const isOfOwner = !process.startsWith('c');
    const isTooLarge = ({ port, partition, bytes }: Narrow): boolean =>
      port === call.port && partition === call.partition && (call.bytes ?? 0) > bytes;
    return isOfOwner && this.#narrow.some((one) => isOn(one) && isTooLarge(one)) ? 'tooLarge' : undefined;
  }
}
