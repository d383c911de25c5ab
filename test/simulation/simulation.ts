import { TaskOrchestrationExecutor } from '../../lib/core/task-orchestration-executor.js';
import type { Logger } from '../../lib/engine/ports.js';
import { PayloadTooLargeError } from '../../lib/errors.js';
import type { MemoryHub } from '../../lib/memory/hub.js';
import { SeededRandom } from '../../lib/memory/random.js';
import type { MemoryStream } from '../../lib/memory/stream.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { entityAddress, orchestrationAddress, partitionOf } from '../../lib/wire/addresses.js';
import { ActivityWatch } from './activity-watch.js';
import { hosted } from './actors.js';
import { CALM, generatePlan, hash, type Incident, type Plan, PlannedFaults } from './chaos.js';
import { SimulatedClient } from './clients.js';
import { Cluster, type Observed } from './cluster.js';
import { Expectation } from './expectation.js';
import { generateProgram } from './generation.js';
import { Hosts, type Hosting } from './hosts.js';
import { EntityWatch, OrchestrationWatch } from './instance-watch.js';
import { hostedLives } from './lifecycle-actors.js';
import { hasLives } from './lifecycle-generation.js';
import { LifeOutcome } from './lifecycle-outcome.js';
import { hostedLocks } from './lock-actors.js';
import { hasLocks } from './lock-generation.js';
import { LockOutcome } from './lock-outcome.js';
import { OutcomeCheck } from './outcome.js';
import { PartitionWatch } from './partition-watch.js';
import { PowerLoss } from './power-loss.js';
import { PartitionRest } from './rest.js';
import { processOf, WORKERS } from './processes.js';
import type { Program } from './script.js';
import { StoredValues } from './stored-values.js';
import { hostedTimes } from './time-actors.js';
import { hasTimes } from './time-generation.js';
import { TimeOutcome } from './time-outcome.js';
import { agendaText } from './time-watch.js';
import { formerlyHosted, hostedTransactions } from './transaction-actors.js';
import { hasTransactions } from './transaction-generation.js';
import { TransactionOutcome } from './transaction-outcome.js';
import { aheadBy, generateTrouble, mayRefuse } from './trouble.js';
import { checkValues } from './value-rest.js';

/** After the last fault everything has to end within so many virtual milliseconds. */
const LIVENESS = 60_000;
/** Where something goes wrong at every step, so many milliseconds. */
const LONG_LIVENESS = 600_000;
/** Then heads, checkpoints and what partitions tell each other come to rest. */
const REST = 4_500;
/** Where every message takes more than a second: operations that nobody waits for call others, one after another. */
const LONG_REST = 60_000;
/** In one of so many seeds histories are replayed after each record, not only when their executions end. */
const REPLAYED = 4;
const HUB = 'sim';
/** What is logged of what the server refuses. */
const REFUSED = /^The server refused something|is refused, and sent again|whose stream has a limit of its own/;

/** What came of one simulation. */
export interface Report {
  readonly seed: number;
  readonly program: Program;
  readonly plan: Plan;
  /** Empty: everything was as it has to be. */
  readonly violations: readonly string[];
  /**
   * What did not come to its end in a run in which an instance was quarantined although no handler kills: two owners died of
   * other causes just when it was on trial, and it waits for somebody who releases it, as may others that wait for it. What
   * must never be is judged all the same, and that activities of all others end.
   */
  readonly unjudged: readonly string[];
  /** Equal for equal runs: of everything that was stored, and when. */
  readonly hash: string;
  readonly trace: readonly string[];
  /** What came of the program, without times; undefined: it did not come to rest. */
  readonly result: object | undefined;
  /** The single calls that went wrong, by name. */
  readonly given: NonNullable<Plan['calls']>;
  readonly counts: {
    readonly calls: number;
    readonly faults: number;
    readonly records: number;
    readonly takeovers: number;
    /** Runs of activities beside the first one of each. */
    readonly repeated: number;
    /** History events that were replayed. */
    readonly replayed: number;
    /** Those that would be if every step needed a replay. */
    readonly replayable: number;
    readonly virtualMilliseconds: number;
  };
}

/** What is to be simulated. */
export interface SimulationOptions {
  readonly seed: number;
  /** Default: drawn from the seed. */
  readonly program?: Program | undefined;
  readonly plan?: Plan | undefined;
  /** Whether to keep a trace. */
  readonly isTraced?: boolean | undefined;
}

/** Runs a program under a plan of faults, both drawn from the seed unless given: the same seed gives the same run. */
export function simulate({ seed, isTraced = false, ...given }: SimulationOptions): Promise<Report> {
  const random = new SeededRandom(seed);
  const [ofProgram, ofPlan, ofTrouble] = [random.fork(), random.fork(), random.fork()];
  const program = given.program ?? generateProgram(ofProgram);
  const plan =
    given.plan ?? spared(program, troubled(generatePlan(ofPlan, program), generateTrouble(ofTrouble, program)));
  return withoutStacks(() => new Simulation(seed, program, plan, isTraced).run());
}

function troubled(plan: Plan, troubles: readonly Incident[]): Plan {
  return { ...plan, incidents: [...plan.incidents, ...troubles] };
}

/** Without the deaths of clients that have to do all that their scripts say. */
function spared({ clients }: Program, plan: Plan): Plan {
  const needed = new Set(clients.flatMap(({ name, mayDie }) => (mayDie ? [] : [name])));
  return { ...plan, incidents: plan.incidents.filter((one) => one.do !== 'crash' || !needed.has(one.target)) };
}

/** Stacks of errors are stored with failures: as long as the path of this checkout is, which would change what follows. */
async function withoutStacks<T>(run: () => Promise<T>): Promise<T> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return await run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

class Simulation {
  readonly #seed: number;
  readonly #program: Program;
  readonly #plan: Plan;
  readonly #expected: Expectation;
  readonly #world: MemoryWorld;
  readonly #hub: MemoryHub;
  readonly #faults: PlannedFaults;
  readonly #watches: readonly PartitionWatch[];
  readonly #cluster: Cluster;
  readonly #clients: readonly SimulatedClient[];
  readonly #violations: string[] = [];
  /** What did not come to its end, or to another one. */
  readonly #unended: string[] = [];
  /** What owners said of those that they quarantined. */
  readonly #quarantines: string[] = [];
  readonly #trace: string[] = [];
  readonly #isTraced: boolean;
  readonly #told = new Set<string>();
  readonly #activities = new ActivityWatch();
  readonly #attempts = new Map<string, string[]>();
  /** Entries that an operation found in its own ledger, by its id. */
  readonly #begun = new Map<string, number>();
  readonly #hosts: Hosts;
  #hash = 0;
  #result: object | undefined;

  constructor(seed: number, program: Program, plan: Plan, isTraced: boolean) {
    this.#seed = seed;
    this.#program = program;
    this.#plan = plan;
    this.#isTraced = isTraced;
    this.#expected = new Expectation(program);
    this.#hosts = new Hosts((worker) => this.#hostingOf(worker));
    this.#world = new MemoryWorld({ seed });
    const { scheduler } = this.#world;
    const { limits = {}, replicas } = plan;
    const { inlineBytes } = limits;
    const ofValues = inlineBytes === undefined ? undefined : { inline: inlineBytes, largest: 1_000_000 };
    this.#hub = this.#world.createHub(HUB, program.partitions, ofValues, replicas);
    const now = (): number => scheduler.now;
    this.#faults = new PlannedFaults(plan, seed, now, {
      crash: (target) => this.#kill(target),
      goesWrong: ({ port }, process) => port === 'tasks' && this.#activities.mishap(process, this.#world.time),
    });
    this.#world.faults = this.#faults;
    this.#watches = Array.from({ length: program.partitions }, (_, partition) => this.#watch(partition));
    const violation = (text: string): void => this.#violation(text);
    const logger = (name: string): Logger => this.#logger(name);
    this.#cluster = new Cluster(
      this.#hub,
      WORKERS,
      {
        observed: this.#observed(),
        hosts: this.#hosts,
        limits,
        ownersOf: (partition: number) => this.#watches[partition]!.owners,
        distanceOf: (name: string) => this.#distanceOf(name),
        mayFail: (reason: Error) => reason instanceof PayloadTooLargeError && mayRefuse(this.#plan.incidents),
      },
      logger,
      violation,
    );
    this.#clients = program.clients.map(
      (script) =>
        new SimulatedClient(this.#hub, script, this.#logger(script.name), this.#distanceOf(script.name), {
          committed: (key) => this.#ledger(key),
          told: (instanceId) => this.#onTold(instanceId),
          instance: (instanceId) => this.#orchestration(instanceId),
          entity: (address) => this.#instance(address),
          violation,
        }),
    );
  }

  async run(): Promise<Report> {
    const { scheduler } = this.#world;
    try {
      for (const incident of this.#plan.incidents) this.#schedule(incident);
      this.#deploy();
      this.#cluster.start();
      for (const client of this.#clients) client.start();
      await scheduler.advance(CALM);
      this.#calm();
      await this.#live();
      await this.#comeToRest();
    } catch (error) {
      this.#violation(`the simulation failed: ${error instanceof Error ? error.stack : String(error)}`);
    }
    this.#hosts.leave();
    return this.#report();
  }

  #deploy(): void {
    const { scheduler } = this.#world;
    const { replaced = {}, moves = [] } = this.#program.deployment ?? {};
    for (const [name, at] of Object.entries(replaced)) scheduler.after(at, () => this.#kill(name));
    for (const { at, worker, partition } of moves) scheduler.after(at, () => this.#cluster.steal(worker, partition));
  }

  /** What a process hosts that begins now. */
  #hostingOf(worker: string): Hosting {
    const until = this.#program.deployment?.replaced[processOf(worker)] ?? 0;
    return hostingOf(this.#program, this.#world.scheduler.now < until);
  }

  #watch(partition: number): PartitionWatch {
    const streams = this.#hub.streams(partition);
    for (const [kind, stream] of Object.entries(streams) as [string, MemoryStream][])
      stream.observe(({ sequence, subject, body }) => {
        this.#hash = hash(`${kind} ${partition} ${sequence} ${this.#world.scheduler.now} ${body.length}`, this.#hash);
        for (let at = 0; at < body.length; at += 7) this.#hash = Math.imul(this.#hash ^ body[at]!, 0x01000193);
        if (this.#isTraced)
          this.#note(`${kind} ${partition} #${sequence} ${subject} ${new TextDecoder().decode(body)}`);
      });
    const watch = new PartitionWatch(partition, HUB, streams, {
      now: () => this.#world.time,
      values: new StoredValues(this.#hub.objects),
      skew: () => this.#skew,
      violation: (text) => this.#violation(text),
      isHere: (address) => partitionOf(address, this.#hub.partitions) === partition,
      ended: (watch) => this.#replay(watch),
      grown: (watch) => this.#seed % REPLAYED === 0 && watch.history.length > 0 && this.#replay(watch),
      sentBy: (from, n) => this.#watches[from]?.output(n, partition),
    });
    if (this.#plan.between === 'crash') this.#killWithSteps(watch, streams.log);
    return watch;
  }

  /** The owner dies before it is told that a step of an orchestration is stored. */
  #killWithSteps(watch: PartitionWatch, log: MemoryStream): void {
    let steps = 0;
    log.observe(() => {
      if (watch.steps === steps) return;
      steps = watch.steps;
      this.#kill(processOf(watch.owners.at(-1)!));
    });
  }

  get #skew(): number {
    const { incidents } = this.#plan;
    return aheadBy(incidents) + (incidents.some((incident) => incident.do === 'skew') ? 2_000 : 0);
  }

  #observed(): Observed {
    return {
      activityBegins: ({ instanceId, idempotencyKey }, id, life) => {
        const [, executionId, taskId] = idempotencyKey.split('/');
        const instance = this.#orchestration(instanceId);
        const task = `${executionId}/${taskId}`;
        if (!instance?.scheduled.has(task))
          return this.#violation(`C1: activity ${id} of ${instanceId} runs before it is committed`);
        const partition = this.#watches[partitionOf(orchestrationAddress(instanceId), this.#hub.partitions)]!;
        if (!this.#activities.begins(idempotencyKey, { instance, partition, task, process: processOf(life) }))
          this.#violation(`activity ${id} of ${instanceId} runs once more on ${life}, and nothing made that needed`);
      },
      ioBegins: (key, id) => {
        const partition = partitionOf(entityAddress({ name: 'ledger', key }), this.#hub.partitions);
        if (!this.#watches[partition]!.operations.has(id))
          this.#violation(`P17: the operation of ${id} at ledger ${key} does IO before its message is committed`);
      },
      answered: (key, id, version) => {
        if (this.#ledger(key)[version - 1] !== id)
          this.#violation(`C1: the answer to ${id} of ledger ${key} came before its record was stored`);
      },
      goesOn: (id, begun) => {
        const before = this.#begun.get(id) ?? begun;
        this.#begun.set(id, before);
        if (begun !== before)
          this.#violation(
            `P18: the operation of ${id} saw ${before} entries when it called, and ${begun} when it ran again`,
          );
      },
      duration: (id) => {
        if (this.#plan.between === 'crash') return 0; // what takes long would be cut off again and again
        const drawn = hash(id, this.#seed) / 2 ** 32;
        return drawn < 0.7 ? drawn * 10 : drawn < 0.95 ? drawn * 200 : drawn * 2_000;
      },
      attempt: ({ idempotencyKey }, id) => {
        const keys = this.#attempts.get(id) ?? [];
        this.#attempts.set(id, keys);
        if (!keys.includes(idempotencyKey)) keys.push(idempotencyKey);
        return keys.indexOf(idempotencyKey);
      },
    };
  }

  #logger(name: string): Logger {
    const note = (message: string): void => this.#note(`${name}: ${message}`);
    return {
      debug: note,
      info: note,
      warn: note,
      error: (message, fields) => {
        const text = `${name} logged an error: ${message} ${JSON.stringify(fields)}`;
        if (message.startsWith('Quarantined:')) this.#quarantines.push(text);
        else if (REFUSED.test(message) && mayRefuse(this.#plan.incidents)) note(text);
        else this.#violation(text);
      },
    };
  }

  #schedule(incident: Incident): void {
    if (incident.do === 'skew') return this.#cluster.skew(incident.target, incident.milliseconds);
    if (incident.do === 'crash' || incident.do === 'cut' || incident.do === 'mute' || incident.do === 'slow') return;
    if (incident.do === 'far' || incident.do === 'narrow') return;
    this.#world.scheduler.after(incident.at, () => {
      this.#note(JSON.stringify(incident));
      switch (incident.do) {
        case 'jump':
          this.#mishap(incident.target, Math.abs(incident.milliseconds));
          return this.#cluster.connectionOf(incident.target)?.clock.leap(incident.milliseconds);
        case 'refuse':
          return incident.right === 'subscribe' ? this.#deafen(incident.target, incident.for) : undefined;
        case 'kill':
          return this.#kill(incident.target);
        case 'freeze':
          return this.#freeze(incident.target, incident.for);
        case 'steal':
          return this.#cluster.steal(incident.target, incident.partition);
        case 'stop':
          return this.#cluster.stop(incident.target);
        case 'killServer':
          this.#mishap(undefined, incident.for);
          return this.#hub.server.kill(incident.for, new SeededRandom(this.#seed));
        case 'forget':
          for (let partition = 0; partition < this.#hub.partitions; partition++)
            this.#hub.streams(partition).mail.forgetIds(() => true);
          return;
      }
    });
  }

  /** Something is wrong with a process, or with the server, from now on for so long. */
  #mishap(target: string | undefined, milliseconds: number): void {
    this.#activities.mishap(target, this.#world.time + milliseconds);
  }

  #kill(target: string): void {
    this.#note(`${target} dies`);
    this.#mishap(target, 0);
    if (target.startsWith('c')) this.#client(target)?.connection.kill();
    else this.#cluster.kill(target);
  }

  #freeze(target: string, milliseconds: number): void {
    this.#mishap(target, milliseconds);
    if (!target.startsWith('c')) return this.#cluster.freeze(target, milliseconds);
    const process = this.#client(target)?.connection.process;
    process?.freeze();
    this.#world.scheduler.after(milliseconds, () => process?.wake());
  }

  #deafen(target: string, milliseconds: number): void {
    this.#mishap(target, milliseconds);
    const connection = this.#client(target)?.connection ?? this.#cluster.connectionOf(target);
    if (!connection) return;
    connection.isDeaf = true;
    this.#world.scheduler.after(milliseconds, () => (connection.isDeaf = false));
  }

  #distanceOf(name: string): number {
    const far = this.#plan.incidents.find((one) => one.do === 'far' && one.target === name);
    return far?.do === 'far' ? far.by : 0;
  }

  #client(name: string): SimulatedClient | undefined {
    return this.#clients.find(({ connection }) => connection.name === name);
  }

  /** The faults stop. */
  #calm(): void {
    this.#note('calm');
    this.#faults.isOn = false;
    this.#cluster.wakeAll();
    for (const { connection } of this.#clients) connection.process.wake();
  }

  /** Whether every message takes long, or something goes wrong at every step. */
  get #isLong(): boolean {
    return this.#plan.between !== undefined || this.#isFar;
  }

  get #isFar(): boolean {
    return this.#plan.incidents.some((incident) => incident.do === 'far');
  }

  /** Everything ends, or is said to be stuck. */
  async #live(): Promise<void> {
    let isDone = false;
    const waited = this.#clients.filter(({ connection }) => connection.isOpen).map(({ done }) => done);
    void Promise.all(waited).then(() => (isDone = true));
    const { scheduler } = this.#world;
    const time = (this.#isLong ? LONG_LIVENESS : LIVENESS) + aheadBy(this.#plan.incidents);
    for (const end = scheduler.now + time; scheduler.now < end; await scheduler.advance(250))
      if (isDone && this.#unfinished().length === 0) {
        for (const leak of this.#cluster.waiting) this.#unend(leak);
        return;
      }
    this.#unend(`stuck: clients ${isDone ? 'are done' : 'wait'}; ${this.#unfinished().join(', ') || 'nothing else'}`);
    if (this.#hasQuarantined) for (const text of this.#unfinishedAnyhow()) this.#violation(`stuck: ${text}`);
  }

  get #hasQuarantined(): boolean {
    return this.#watches.some(({ quarantined }) => quarantined.size > 0);
  }

  /** What waits although no quarantined instance has anything to do with it. */
  #unfinishedAnyhow(): string[] {
    const held = new Set(this.#cluster.holding.map(({ idempotencyKey }) => idempotencyKey));
    const isHeld = ({ instanceId, executionId }: OrchestrationWatch, id: number): boolean =>
      held.has(`${instanceId}/${executionId}/${id}`);
    return this.#watches
      .flatMap(({ undropped, quarantined, instances }, partition) => [
        ...(undropped > 0 ? [`partition ${partition}: garbage is not dropped`] : []),
        ...[...instances].flatMap(([address, instance]) => {
          if (!(instance instanceof OrchestrationWatch) || instance.isSuspended || quarantined.has(address)) return [];
          return [...instance.open.values()].flatMap((event) =>
            event.type === 'TaskScheduled' && !isHeld(instance, event.id)
              ? [`${instance.instanceId} waits for activity ${event.id}`]
              : [],
          );
        }),
      ])
      .concat(this.#unwanted());
  }

  #unfinished(): string[] {
    return this.#watches
      .flatMap((watch, partition) => [
        ...Array.from(watch.pending, (name) => `partition ${partition}: ${name} is not consumed`),
        ...(watch.undropped > 0 ? [`partition ${partition}: garbage is not dropped`] : []),
        ...[...watch.instances.values()].flatMap((instance) =>
          instance instanceof OrchestrationWatch && !instance.isAtRest
            ? [`${instance.instanceId} is ${instance.status}, waits for ${JSON.stringify([...instance.open.values()])}`]
            : [],
        ),
        ...[...watch.instances.values()].flatMap((instance) =>
          instance instanceof EntityWatch && instance.plans.waiting.length > 0
            ? [`${instance.address} plans ${agendaText(instance.plans.waiting)}`]
            : [],
        ),
      ])
      .concat(this.#unwanted());
  }

  /** Activities that go on although their execution has ended. */
  #unwanted(): string[] {
    return this.#cluster.holding.flatMap(({ instanceId, idempotencyKey }) => {
      const [, executionId] = idempotencyKey.split('/');
      const watch = this.#orchestration(instanceId);
      const isWanted = watch?.executionId === executionId && !watch?.hasEnded && !watch?.isCanceled;
      return isWanted ? [] : [`activity ${idempotencyKey} goes on, and nobody wants it`];
    });
  }

  async #comeToRest(): Promise<void> {
    const { scheduler } = this.#world;
    const rests = await this.#giveBack();
    for (const rest of rests) rest.check(rests, (text) => this.#unend(text));
    const addresses = this.#watches.flatMap(({ instances }) =>
      Array.from(instances).flatMap(([address, watch]) =>
        watch instanceof OrchestrationWatch && watch.executionId === '' ? [] : [address],
      ),
    );
    const outcome = {
      instance: (address: string) => this.#instance(address),
      addresses,
    };
    const violation = (text: string): void => this.#unend(text);
    const never = (text: string): void => this.#violation(text);
    const check = new OutcomeCheck(this.#expected, this.#clients, outcome, { never, unended: violation });
    check.all();
    if (hasLives(this.#program)) new LifeOutcome(this.#clients, outcome, violation).all();
    if (hasLocks(this.#program)) new LockOutcome(this.#program, outcome, violation).all();
    if (hasTransactions(this.#program)) new TransactionOutcome(this.#program, this.#clients, outcome, violation).all();
    if (hasTimes(this.#program)) new TimeOutcome(this.#program, this.#clients, outcome, this.#letters, violation).all();
    this.#result = check.result();
    const spent = new Set(rests.flatMap((rest) => rest.spentKeys(rests)));
    const late = new Set(rests.flatMap((rest) => rest.late));
    await scheduler.settle(checkValues(this.#hub, this.#logger('sweeper'), { spent, late }, violation));
    const last = rests.some((rest) => rest.isLeftToNext) ? await this.#giveBack() : rests;
    for (const rest of rests) rest.checkNext(violation);
    const found = [this.#violations, this.#unended, this.#quarantines];
    if (found.every(({ length }) => length === 0)) await this.#losePower(last);
  }

  /** One takes everything over, and gives it back when nothing is on its way any more; what is left. */
  async #giveBack(): Promise<readonly PartitionRest[]> {
    const { scheduler } = this.#world;
    this.#cluster.takeAll();
    await scheduler.advance(this.#isLong ? LONG_REST : REST);
    // The claim of a worker that is far away may take a partition from whoever took it, who sees that when there is mail.
    for (let takeovers = 0; this.#isFar && takeovers !== this.#cluster.takeovers;) {
      ({ takeovers } = this.#cluster);
      await scheduler.advance(LONG_REST);
    }
    for (const leak of this.#cluster.waiting) this.#unend(leak);
    await scheduler.settle(this.#cluster.end(), this.#isLong ? LONG_LIVENESS : LIVENESS);
    for (const leak of [...this.#cluster.busy, ...this.#cluster.kept]) this.#unend(leak);
    return this.#watches.map((watch, partition) => new PartitionRest(partition, this.#hub, watch));
  }

  get #letters(): readonly string[] {
    return Array.from(this.#hub.deadLetters.all(), ({ body }) => new TextDecoder().decode(body));
  }

  /** P12: in some runs, when all is said and done. */
  async #losePower(rests: readonly PartitionRest[]): Promise<void> {
    const seeded = new SeededRandom(this.#seed);
    const [, , , random] = [seeded.fork(), seeded.fork(), seeded.fork(), seeded.fork()]; // the program is drawn from the first
    const partition = random.below(10 * rests.length);
    const checkpoint = rests[partition]?.checkpoint;
    if (!checkpoint) return;
    this.#faults.isOn = false;
    for (const watch of this.#watches) watch.isOver = true;
    const loss = new PowerLoss({ partition, hub: this.#hub, checkpoint }, random);
    await loss.check(this.#hosts.replaying, (text) => this.#violation(text));
  }

  #instance(address: string): OrchestrationWatch | EntityWatch | undefined {
    return this.#watches[partitionOf(address, this.#hub.partitions)]!.instances.get(address);
  }

  #orchestration(instanceId: string): OrchestrationWatch | undefined {
    return this.#instance(orchestrationAddress(instanceId)) as OrchestrationWatch | undefined;
  }

  #ledger(key: string): readonly string[] {
    const watch = this.#instance(entityAddress({ name: 'ledger', key })) as EntityWatch | undefined;
    return (watch?.state as { log: string[] } | undefined)?.log ?? [];
  }

  /** C1: the end that a client is told is committed. */
  #onTold(instanceId: string): void {
    const watch = this.#orchestration(instanceId);
    if (!watch?.hasEnded) this.#violation(`C1: a client was told the end of ${instanceId} before it was committed`);
    this.#told.add(instanceId);
  }

  /** A fresh replay of the history asks for the same: else NonDeterminismError. */
  #replay({ name, instanceId, history }: OrchestrationWatch): void {
    const program = this.#hosts.replaying.orchestrators.get(name);
    if (!program) return this.#violation(`${instanceId} runs ${name}`);
    try {
      new TaskOrchestrationExecutor(program, this.#hosts.replaying.core, {
        instanceId,
      }).replay(history);
    } catch (error) {
      this.#violation(`replay of ${instanceId}: ${String(error)}`);
    }
  }

  #violation(text: string): void {
    this.#violations.push(text);
    this.#note(`VIOLATION: ${text}`);
  }

  #unend(text: string): void {
    this.#unended.push(text);
    this.#note(`VIOLATION: ${text}`);
  }

  #note(text: string): void {
    if (this.#isTraced) this.#trace.push(`${this.#world.scheduler.now.toFixed(2).padStart(9)} ${text}`);
  }

  #report(): Report {
    const { calls, given } = this.#faults;
    const unended = [...this.#quarantines, ...this.#unended];
    return {
      seed: this.#seed,
      program: this.#program,
      plan: this.#plan,
      violations: this.#hasQuarantined ? this.#violations : [...this.#violations, ...unended],
      unjudged: this.#hasQuarantined ? this.#unended : [],
      hash: (this.#hash >>> 0).toString(16).padStart(8, '0'),
      trace: this.#trace,
      result: this.#result,
      given,
      counts: {
        calls,
        faults: Object.keys(given).length + this.#plan.incidents.length,
        records: this.#watches.reduce((sum, { records }) => sum + records, 0),
        takeovers: this.#cluster.takeovers,
        repeated: this.#activities.repeated,
        replayed: this.#cluster.replayed,
        replayable: this.#watches.reduce((sum, { replayable }) => sum + replayable, 0),
        virtualMilliseconds: this.#world.scheduler.now,
      },
    };
  }
}

/** The classes that a program needs. */
function hostingOf(program: Program, isFormer: boolean): Hosting {
  if (hasLocks(program)) return hostedLocks;
  if (hasTransactions(program)) return isFormer ? formerlyHosted : hostedTransactions;
  if (hasTimes(program)) return hostedTimes;
  return hasLives(program) ? hostedLives : hosted;
}
