import type { MailLimits } from '../../lib/engine/mail-limits.js';
import type { Fault, FaultPlan, PortCall } from '../../lib/memory/faults.js';
import type { SeededRandom } from '../../lib/memory/random.js';
import { processOf, WORKERS } from './processes.js';
import type { Program } from './script.js';
import { TroubleFaults, type Trouble } from './trouble.js';

/** Something that happens to a whole process, stream or server; times are virtual milliseconds. */
export type Incident =
  | { readonly do: 'kill'; readonly at: number; readonly target: string }
  /** Dies at its nth call, before it arrives or after it was carried out. */
  | {
      readonly do: 'crash';
      readonly target: string;
      readonly call: number;
      readonly isAfter: boolean;
    }
  | {
      readonly do: 'freeze';
      readonly at: number;
      readonly target: string;
      readonly for: number;
    }
  /** A worker takes a partition over although another owns it. */
  | {
      readonly do: 'steal';
      readonly at: number;
      readonly target: string;
      readonly partition: number;
    }
  /** Gives everything back gracefully. */
  | { readonly do: 'stop'; readonly at: number; readonly target: string }
  | { readonly do: 'killServer'; readonly at: number; readonly for: number }
  /** The server forgets all message ids, as after a restart. */
  | { readonly do: 'forget'; readonly at: number }
  /** All calls of a process are lost. */
  | {
      readonly do: 'cut';
      readonly at: number;
      readonly target: string;
      readonly for: number;
    }
  /** All calls to a partition's port are lost. */
  | {
      readonly do: 'mute';
      readonly at: number;
      readonly partition: number;
      readonly port: PortCall['port'];
      readonly for: number;
    }
  /** All that the server answers to a process comes late. */
  | { readonly do: 'slow'; readonly at: number; readonly target: string; readonly for: number; readonly by: number }
  | {
      readonly do: 'skew';
      readonly target: string;
      readonly milliseconds: number;
    }
  | Trouble;

/** How often single calls go wrong: shares of all calls. */
export interface Rates {
  readonly lost: number;
  readonly unanswered: number;
  readonly late: number;
  readonly again: number;
  /** Of reads of the state stream, and of the end of a log with several replicas: a deposed leader answers. */
  readonly stale?: number;
}

/** Limits of the library that are much smaller than its own, so that what is rare becomes frequent. */
export interface Limits {
  /** Values of more bytes go by reference (P15). */
  readonly inlineBytes?: number | undefined;
  /** Bytes of idle instances that a worker keeps in memory. */
  readonly idleBytes?: number | undefined;
  /** What waits longer, or behind more, is parked (P4). */
  readonly mail?: Partial<MailLimits> | undefined;
  /** The partitions of a process hand over to each other; else all that they have for each other goes as mail. */
  readonly handsOver?: true | undefined;
}

/** Everything that goes wrong in a simulation. */
export interface Plan {
  readonly incidents: readonly Incident[];
  /** Drawn by the hash of each call's name, so a call keeps its fault whatever else changes. */
  readonly rates?: Rates | undefined;
  /** Faults by the names of calls, instead. */
  readonly calls?: Readonly<Record<string, Fault>> | undefined;
  readonly limits?: Limits | undefined;
  /** Copies of each stream. Default 1. */
  readonly replicas?: number | undefined;
  /** `unload`: mail is so late that instances have been unloaded when it comes; `crash`: owners die with each commit. */
  readonly between?: 'unload' | 'crash' | undefined;
}

/** How late mail is that is to find its instance unloaded: by more than a round of an owner's upkeep. */
const LATE = 1_150;

/** Incidents begin before this time, and single calls go wrong until it. */
export const CALM = 8_000;

/** Each seed draws its own rates and incidents; some have none of a kind. */
export function generatePlan(random: SeededRandom, { partitions, focus }: Program): Plan {
  const rate = (most: number): number => (random.next() < 0.4 ? 0 : random.next() * most);
  const rates = {
    lost: rate(0.06),
    unanswered: rate(0.06),
    late: rate(0.08),
    again: rate(0.05),
    stale: rate(0.3),
  };
  const incidents = Array.from({ length: random.below(8) }, () => incident(random, partitions));
  const limits = generateLimits(random);
  const replicas = random.next() < 0.3 ? 3 : 1;
  incidents.push(...siege(random, partitions, focus));
  const handsOver = random.next() < 0.5 && { handsOver: true as const };
  return { rates, incidents, limits: { ...limits, ...handsOver }, replicas };
}

/** What goes wrong together, in most of the seeds. */
function siege(random: SeededRandom, partitions: number, focus: Program['focus']): Incident[] {
  const drawn = random.next();
  if (focus && drawn < 0.7)
    return (focus.on === 'reads' ? backAndForth : handedOn)(random, focus.partition, focus.from);
  if (drawn < 0.35) return [];
  const partition = random.below(partitions);
  const at = random.next() < 0.5 ? random.below(60) : random.below(1_500);
  return drawn < 0.65 ? outOfReach(random, partition, at) : lateClaimer(random, partition, at);
}

/** Everybody dies, or a partition is taken over, while something that it needs cannot be reached; then workers give back. */
function outOfReach(random: SeededRandom, partition: number, at: number): Incident[] {
  const port = (['tasks', 'mailbox', 'views', 'tasks'] as const)[random.below(4)]!;
  const milliseconds = 500 + random.below(3_500);
  const then = at + random.below(milliseconds);
  const isStolen = random.next() < 0.4;
  const stop = (target: string): Incident => ({ do: 'stop', at: at + milliseconds + random.below(2_500), target });
  return [
    { do: 'mute', at, partition, port, for: milliseconds },
    ...(isStolen
      ? [{ do: 'steal', at: then, target: pick(random, WORKERS), partition } as const]
      : WORKERS.map((target) => ({ do: 'kill', at: then, target }) as const)),
    ...(random.next() < 0.5 ? WORKERS.map(stop) : []),
  ];
}

/** One worker after the other takes a partition. */
function handedOn(random: SeededRandom, partition: number, at: number): Incident[] {
  return Array.from({ length: 4 }, (_, n): Incident => {
    const target = WORKERS[n % WORKERS.length]!;
    return { do: 'steal', at: at + n * 200 + random.below(200), target, partition };
  });
}

/** A worker freezes, or hears late, while it takes a partition over; when it goes on, another one has had it for long. */
function lateClaimer(random: SeededRandom, partition: number, from: number): Incident[] {
  return [from, from + 4_000].flatMap((at): Incident[] => {
    const first = random.below(WORKERS.length);
    const [target, other] = [WORKERS[first]!, WORKERS[(first + 1) % WORKERS.length]!];
    const then = at + random.below(8);
    return [
      { do: 'steal', at, target, partition },
      random.next() < 0.3
        ? { do: 'freeze', at: then, target, for: 2_500 + random.below(1_400) }
        : { do: 'slow', at: then, target, for: 3_000, by: 300 + random.below(1_150) },
      { do: 'steal', at: at + 50 + random.below(1_000), target: other, partition },
    ];
  });
}

/** Two workers take a partition from each other; the one that loses it hears from the server late then, and so does the other. */
function backAndForth(random: SeededRandom, partition: number, at: number): Incident[] {
  const first = random.below(WORKERS.length);
  const [target, other] = [WORKERS[first]!, WORKERS[(first + 1) % WORKERS.length]!];
  return Array.from({ length: 3 }, (_, n): Incident[] => {
    const begin = at + n * 500;
    const late = begin + 50 + random.below(150);
    const lost = late + random.below(100);
    return [
      { do: 'steal', at: begin, target, partition },
      { do: 'slow', at: late, target, for: 100, by: 50 + random.below(250) },
      { do: 'steal', at: lost, target: other, partition },
      { do: 'slow', at: lost + 40, target: other, for: 250, by: random.below(50) },
    ];
  }).flat();
}

function pick<T>(random: SeededRandom, items: readonly T[]): T {
  return items[random.below(items.length)]!;
}

function generateLimits(random: SeededRandom): Limits {
  return {
    ...(random.next() < 0.3 && { inlineBytes: 10 + random.below(150) }),
    ...(random.next() < 0.3 && { idleBytes: random.below(2) * random.below(4_000) }),
    ...(random.next() < 0.3 && { mail: smallMail(random) }),
  };
}

function smallMail(random: SeededRandom): Partial<MailLimits> {
  const few = 1 + random.below(3);
  return {
    age: 20 + random.below(200),
    sequences: few + random.below(6),
    laterBytes: 200 + random.below(2_000),
    crowd: 50 + random.below(500),
    kept: random.below(2) * random.below(400),
    pageBytes: 100 + random.below(800),
    pageMessages: few,
    ...(random.next() < 0.5 && { inputs: 12 + random.below(30), unwritten: 12 + random.below(30) }),
    ...(random.next() < 0.5 && { bytes: 500 + random.below(3_000) }),
  };
}

function incident(random: SeededRandom, partitions: number): Incident {
  // Most of what a program does it does early.
  const at = random.next() < 0.5 ? random.below(CALM) : random.below(1_500);
  const target = WORKERS[random.below(WORKERS.length)]!;
  const partition = random.below(partitions);
  const drawn = random.below(17);
  if (drawn < 1) return { do: 'kill', at, target };
  if (drawn > 14) return drawn === 15 ? { do: 'forget', at } : { do: 'freeze', at, target, for: random.below(8_000) };
  if (drawn < 5)
    return {
      do: 'crash',
      target,
      call: 1 + random.below(150),
      isAfter: random.next() < 0.5,
    };
  if (drawn < 7)
    return {
      do: 'freeze',
      at,
      target: random.next() < 0.8 ? target : 'c1',
      for: random.below(8_000),
    };
  if (drawn < 10) return { do: 'steal', at, target, partition };
  if (drawn < 11) return { do: 'stop', at, target };
  if (drawn < 12) return { do: 'killServer', at, for: 40 + random.below(1_000) };
  if (drawn < 13)
    return {
      do: 'cut',
      at,
      target: random.next() < 0.7 ? target : 'c1',
      for: random.below(6_000),
    };
  if (drawn < 14) {
    const port = (['log', 'mailbox', 'views', 'bus', 'tasks', 'objects'] as const)[random.below(6)]!;
    return { do: 'mute', at, partition, port, for: random.below(4_000) };
  }
  return random.next() < 0.5
    ? { do: 'skew', target, milliseconds: random.below(2_000) - 1_000 }
    : {
        do: 'crash',
        target: 'c1',
        call: 1 + random.below(20),
        isAfter: random.next() < 0.5,
      };
}

/** Who is told of what a plan brings about. */
export interface FaultListener {
  /** A process dies at one of its calls. */
  crash(process: string): void;
  /** A call of a process is not carried out and answered at once, and once. */
  goesWrong(call: PortCall, process: string): void;
}

/** The plan as the ports ask for it; keeps the faults that it gave. */
export class PlannedFaults implements FaultPlan {
  /** What went wrong, by the names of calls. */
  readonly given: Record<string, Fault> = {};
  isOn = true;
  calls = 0;
  readonly #plan: Plan;
  readonly #seed: number;
  readonly #now: () => number;
  readonly #told: FaultListener;
  readonly #counts = new Map<string, number>();
  readonly #ofProcess = new Map<string, number>();
  /** The incidents that are asked for at every call. */
  readonly #crashes: readonly Of<'crash'>[];
  readonly #silences: readonly Of<'cut' | 'mute'>[];
  readonly #slow: readonly Of<'slow'>[];
  readonly #trouble: TroubleFaults;

  constructor(plan: Plan, seed: number, now: () => number, told: FaultListener) {
    this.#plan = plan;
    this.#seed = seed;
    this.#now = now;
    this.#told = told;
    const { incidents } = plan;
    this.#crashes = incidents.filter((incident) => incident.do === 'crash');
    this.#silences = incidents.filter((incident) => incident.do === 'cut' || incident.do === 'mute');
    this.#slow = incidents.filter((incident) => incident.do === 'slow');
    this.#trouble = new TroubleFaults(plan.incidents, now);
  }

  next(call: PortCall): Fault {
    this.calls++;
    if (this.#plan.between === 'unload' && call.port === 'mailbox' && call.operation === 'send')
      return { delay: LATE + 150 * (this.calls % 3) }; // what comes together is taken together
    if (!this.isOn) return 'none';
    const process = processOf(call.connection);
    const fault = this.#of(call, process);
    if (fault !== 'none') this.#told.goesWrong(call, process);
    return fault;
  }

  #of(call: PortCall, process: string): Fault {
    const crash = this.#crashAt(process);
    if (crash) return crash;
    if (this.#isCut(call, process)) return 'requestLost';
    const trouble = this.#trouble.of(call, process);
    if (trouble) return trouble;
    const name = this.#nameOf(call);
    const fault = this.#plan.calls ? (this.#plan.calls[name] ?? 'none') : this.#draw(name, call);
    if (fault !== 'none') this.given[name] = fault;
    const late = this.#lateness(process);
    return fault === 'none' && late > 0 ? { answer: late } : fault;
  }

  #lateness(process: string): number {
    if (this.#slow.length === 0) return 0;
    const now = this.#now();
    return this.#slow.find((slow) => slow.target === process && isUnderWay(slow, now))?.by ?? 0;
  }

  #crashAt(process: string): Fault | undefined {
    const count = (this.#ofProcess.get(process) ?? 0) + 1;
    this.#ofProcess.set(process, count);
    for (const { target, call, isAfter } of this.#crashes) {
      if (target !== process || call !== count) continue;
      this.#told.crash(process);
      return isAfter ? 'responseLost' : 'requestLost';
    }
    return undefined;
  }

  #isCut({ port, partition }: PortCall, process: string): boolean {
    if (this.#silences.length === 0) return false;
    const now = this.#now();
    return this.#silences.some(
      (incident) =>
        (incident.do === 'cut'
          ? incident.target === process
          : incident.port === port && (partition < 0 || port === 'bus' || incident.partition === partition)) &&
        isUnderWay(incident, now),
    );
  }

  #nameOf({ connection, port, operation, partition }: PortCall): string {
    const what = `${connection} ${port}.${operation} ${partition}`;
    const count = (this.#counts.get(what) ?? 0) + 1;
    this.#counts.set(what, count);
    return `${what} #${count}`;
  }

  #draw(name: string, { port, operation }: PortCall): Fault {
    const { rates } = this.#plan;
    if (!rates) return 'none';
    const drawn = hash(name, this.#seed) / 2 ** 32;
    const { lost, unanswered, late, again, stale = 0 } = rates;
    if (drawn > 1 - stale && isRead(port, operation)) return 'stale';
    if (drawn < lost) return 'requestLost';
    if (drawn < lost + unanswered) return 'responseLost';
    if (drawn >= lost + unanswered + late + again) return 'none';
    const size = hash(name, this.#seed + 1) / 2 ** 32;
    if (drawn < lost + unanswered + late) {
      const milliseconds = size < 0.2 ? size * 20_000 : size * 40;
      return hash(name, this.#seed + 2) % 2 === 0 ? { delay: milliseconds } : { answer: milliseconds };
    }
    return { again: size * 3_000 };
  }
}

/** The incidents of some kinds. */
type Of<K extends Incident['do']> = Extract<Incident, { readonly do: K }>;

function isUnderWay({ at, for: time }: { readonly at: number; readonly for: number }, now: number): boolean {
  return now >= at && now < at + time;
}

/** What a deposed leader may answer. */
function isRead(port: PortCall['port'], operation: string): boolean {
  if (port === 'log') return operation === 'last';
  if (port === 'objects') return operation === 'get';
  return port === 'views' && (operation === 'read' || operation === 'scan' || operation === 'subjects');
}

/** FNV-1a over a text, mixed with a seed. */
export function hash(text: string, seed: number): number {
  let mixed = 0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1);
  for (let at = 0; at < text.length; at++) mixed = Math.imul(mixed ^ text.charCodeAt(at), 0x01000193);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
