import test from 'ava';
import { Loops } from '../../lib/engine/loops.js';
import { ClosedError, OwnershipLostError, StorageRegressedError } from '../../lib/errors.js';
import type { Fault, PortCall } from '../../lib/memory/faults.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { Lease } from '../../lib/worker/lease.js';
import { PartitionKeeper, type Owner } from '../../lib/worker/partition-keeper.js';
import { recordingLogger } from '../contract/harness.js';

/** An owner that does what the test says. */
class ScriptedOwner implements Owner {
  readonly ended: Promise<Error | undefined>;
  end!: (reason: Error | undefined) => void;
  stops = 0;
  confirmations = 0;
  isStuck = false;
  /** Why it cannot stop in good order. */
  fault: Error | undefined;

  constructor(readonly claiming: Promise<void>) {
    this.ended = new Promise((resolve) => (this.end = resolve));
  }

  claim(): Promise<void> {
    return this.claiming;
  }

  confirm(): Promise<{ readonly epoch: number; readonly sequence: number }> {
    this.confirmations++;
    return this.isStuck ? new Promise(() => {}) : Promise.resolve({ epoch: 7, sequence: this.confirmations });
  }

  abandon(reason: OwnershipLostError): void {
    this.end(reason);
  }

  stop(): Promise<void> {
    this.stops++;
    if (this.fault) return Promise.reject(this.fault);
    this.end(undefined);
    return Promise.resolve();
  }
}

/** A keeper between a scripted owner and a lease that tells what is done with it. */
function keeperOf(...claims: Promise<void>[]) {
  const world = new MemoryWorld();
  const lines: string[] = [];
  const told: (string | Error)[] = [];
  const leases: string[] = [];
  const owners: ScriptedOwner[] = [];
  const lease = { isMine: true, isFree: true };
  const write = (what: string): Promise<boolean> => {
    leases.push(what);
    return Promise.resolve(lease.isMine);
  };
  const newOwner = () => {
    const owner = new ScriptedOwner(claims[owners.length] ?? Promise.resolve());
    owners.push(owner);
    return owner;
  };
  const { clock } = world.createHub('hub', 1).connect('one');
  const keeper = new PartitionKeeper(
    'hub/0',
    newOwner,
    {
      claim: (seen) => write(`claim ${seen}`).then(() => lease.isFree),
      renew: ({ epoch, sequence }) => write(`renew ${epoch}.${sequence}`),
      release: (state) => write(state),
    },
    { clock, logger: recordingLogger(lines) },
    { onFree: () => told.push('free'), onLost: () => told.push('lost'), onEnd: (reason) => told.push(reason) },
  );
  return { world, lines, told, leases, owners, lease, keeper, advance: (ms: number) => world.scheduler.advance(ms) };
}

test('P21: the lease is taken before the partition, renewed behind each look at the log, and given back last', async (t) => {
  const { keeper, leases, told, owners, advance } = keeperOf();
  await keeper.claim(5);
  await advance(6_000);
  t.deepEqual(leases, ['claim 5', 'renew 7.1', 'renew 7.2', 'renew 7.3']);
  const given = keeper.giveBack();
  t.is(keeper.giveBack(), given);
  await given;
  await advance(60_000);
  t.deepEqual(leases.slice(4), ['released']);
  t.deepEqual(told, ['free']);
  t.is(owners[0]!.stops, 1);
  t.false(keeper.holds);
  t.true(keeper.mayClaim);
});

test('P21: the lease of a partition that is stuck is not renewed', async (t) => {
  const { keeper, leases, owners, advance } = keeperOf();
  await keeper.claim(0);
  owners[0]!.isStuck = true;
  await advance(60_000);
  t.deepEqual(leases, ['claim 0', 'renew 7.1']);
});

test('P21: a long claim keeps its lease for a minute', async (t) => {
  const { keeper, leases, advance } = keeperOf(new Promise(() => {}));
  void keeper.claim(0);
  await advance(180_000);
  t.deepEqual(leases, ['claim 0', ...Array.from({ length: 19 }, () => 'renew 0.0')]);
});

test('a lease that another worker was faster to take leaves the partition alone', async (t) => {
  const { keeper, leases, told, lease, advance } = keeperOf();
  lease.isFree = false;
  await keeper.claim(3);
  await advance(60_000);
  t.deepEqual([leases, told, keeper.holds], [['claim 3'], [], false]);
});

test('P21: a partition that failed is free at once, and claimed again here after a second, then two, until it runs', async (t) => {
  const { keeper, lines, told, leases, owners, advance } = keeperOf(
    Promise.resolve(),
    Promise.reject(new Error('down')),
  );
  await keeper.claim(1);
  owners[0]!.end(new Error('broken'));
  await advance(999);
  t.deepEqual([leases.at(-1), told, keeper.mayClaim, keeper.holds], ['failed', ['free'], false, false]);
  await advance(1);
  t.deepEqual([told, keeper.mayClaim], [['free', 'free'], true]);
  await t.throwsAsync(keeper.claim(3), { message: 'down' });
  await advance(1_999);
  t.false(keeper.mayClaim);
  await advance(1);
  t.true(keeper.mayClaim);
  await keeper.claim(5);
  await advance(60_000);
  t.regex(lines[0]!, /may be claimed again in 1000 ms: Error: broken/);
  t.regex(lines[1]!, /may be claimed again in 2000 ms: Error: down/);
  t.is(lines.length, 2);
  owners[2]!.end(new Error('broken later')); // it was steady: the pauses begin anew
  await advance(1_000);
  t.true(keeper.mayClaim);
});

for (const [how, lose] of [
  ['is told so by its log', ({ owners }) => owners[0]!.end(new OwnershipLostError('taken'))],
  ['finds its lease taken', ({ lease }) => (lease.isMine = false)],
] as readonly [string, (kept: ReturnType<typeof keeperOf>) => void][])
  test(`P21: an owner that ${how} waits for a lease, and touches no lease of another`, async (t) => {
    const kept = keeperOf();
    await kept.keeper.claim(0);
    await kept.advance(0);
    lose(kept);
    const renewals = kept.leases.length;
    await kept.advance(3_000);
    t.deepEqual([kept.told, kept.keeper.holds, kept.keeper.mayClaim], [['lost'], false, false]);
    t.true(kept.leases.slice(renewals).every((write) => write.startsWith('renew')));
    await kept.advance(5_900);
    t.false(kept.keeper.mayClaim);
    await kept.advance(3_200);
    t.true(kept.keeper.mayClaim);
    t.deepEqual([kept.told, kept.lines], [['lost'], []]);
  });

for (const reason of [new ClosedError('gone'), new StorageRegressedError('lost')])
  test(`${reason.name} ends the worker, and nothing is claimed again`, async (t) => {
    const { keeper, told, owners, lines, advance } = keeperOf();
    await keeper.claim(0);
    owners[0]!.end(reason);
    await advance(0);
    t.is(told[0], reason);
    t.false(keeper.holds);
    t.deepEqual(lines, []);
  });

test('a claim that is called off gives its lease back', async (t) => {
  let refuse!: (error: Error) => void;
  const claiming = new Promise<void>((_, reject) => (refuse = reject));
  const { keeper, told, leases, lines, advance } = keeperOf(claiming);
  const claimed = keeper.claim(0);
  await advance(1);
  await keeper.giveBack();
  refuse(new ClosedError('stopped while it took over'));
  await t.notThrowsAsync(claimed);
  t.deepEqual([leases, told, lines, keeper.holds], [['claim 0', 'released'], ['free'], [], false]);
});

test('P21: what another worker took while it was given back is lost, not given back', async (t) => {
  const { keeper, leases, told, owners, advance } = keeperOf();
  await keeper.claim(5);
  await advance(100);
  owners[0]!.fault = new OwnershipLostError('taken');
  await keeper.giveBack();
  t.false(keeper.holds);
  t.false(keeper.mayClaim);
  t.deepEqual(told, ['lost']);
  t.deepEqual(leases, ['claim 5', 'renew 7.1']);
});

test('P21: a worker that let go before it saw that another had taken the partition has lost it', async (t) => {
  const { keeper, told, lease, leases } = keeperOf();
  await keeper.claim(5);
  lease.isMine = false; // it was frozen, and the others thought it dead
  await keeper.giveBack();
  t.deepEqual([told, keeper.holds, keeper.mayClaim], [['lost'], false, false]);
  t.is(leases.at(-1), 'released');
});

test('P21: a lease that another has taken is not written any more, until it is claimed', async (t) => {
  const world = new MemoryWorld();
  const { store, clock } = world.createHub('hub', 1).connect('one');
  const newLease = (owner: string) => new Lease({ store }, 0, owner, new Loops(clock));
  const [mine, theirs] = ['one', 'two'].map(newLease) as [Lease, Lease];
  const position = { epoch: 1, sequence: 1 };
  const outcomes: boolean[] = [];
  for (const write of [
    () => mine.claim(0),
    () => theirs.claim(1),
    () => mine.renew(position),
    () => mine.release('released'),
    () => theirs.renew(position),
    () => mine.claim(3),
  ])
    outcomes.push(await world.scheduler.settle(write()));
  t.deepEqual(outcomes, [true, true, false, false, true, true]);
});

test('P21: a renewal that got lost is stored again, also when it says the same as the one before', async (t) => {
  const faults: Fault[] = [];
  const next = ({ operation }: PortCall): Fault => (operation === 'put' && faults.shift()) || 'none';
  const world = new MemoryWorld({ faults: { next } });
  const { store, clock } = world.createHub('hub', 1).connect('one');
  const lease = new Lease({ store }, 0, 'one', new Loops(clock));
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise);
  const position = { epoch: 1, sequence: 1 };
  t.true(await settle(lease.claim(0)));
  t.true(await settle(lease.renew(position)));
  const before = await settle(store.get('leases.0'));
  await world.scheduler.advance(3_000);
  faults.push('requestLost');
  t.true(await settle(lease.renew(position)));
  const after = await settle(store.get('leases.0'));
  t.deepEqual(after?.value, before?.value);
  t.true(after!.revision > before!.revision && after!.time >= before!.time + 3_000, 'the lease counts from now on');
});
