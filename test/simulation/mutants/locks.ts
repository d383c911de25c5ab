import { edit, ofLocking, smallOfLocking, type Mutant } from './mutant.js';

const LOCKS = 'engine/entity-locks.js';

/** Bugs of critical sections. */
export const ofLocks: readonly Mutant[] = [
  { ...smallOfLocking('none', 'a library with small limits, for locks'), isHealthy: true },
  ofLocking(
    'P22',
    'a release is taken whoever has locked the entity',
    edit(
      LOCKS,
      'release({ holder, fence, commit, unknown }, messages) {\n        if (this.#isOf(holder, fence))',
      'release({ holder, fence, commit, unknown }, messages) {\n        if (this.held)',
    ),
  ),
  ofLocking(
    'P22',
    'a request that is given up while it waits is carried out later',
    edit(LOCKS, 'if (this.#isVoided(holder))', 'if (false)'),
  ),
  ofLocking(
    'P22',
    'a request is given up where it was made, and nowhere else',
    edit(LOCKS, 'next === undefined ? [] : [[next, { ...message, at: at + 1 }]];', '[];'),
  ),
  ofLocking(
    'P22',
    'the record that ends an execution does not end its locks',
    edit('engine/orchestration-turn.js', 'this.#unlock();', ''),
  ),
  ofLocking(
    'P22',
    'a lock that was granted is ended like one that waits, at its first entity alone',
    edit('engine/held-lock.js', 'return addresses.map((address, at)', 'return addresses.slice(0, 1).map((address, at)'),
  ),
  ofLocking(
    'P22',
    'the holder is not told that its lease has run out',
    edit(LOCKS, 'messages: [[holder.address, told]] };', 'messages: [] };'),
  ),
  ofLocking('P22', 'a lock is not in the head', edit('engine/entity-head.js', '...(locks && { locks }),', '')),
  ofLocking(
    'P22',
    'the lease of a lock is not in a wake record',
    edit('engine/entity-head.js', '(held && {', '(undefined && {'),
  ),
  ofLocking(
    'P22',
    'a locked entity takes the operations of others',
    edit(LOCKS, 'return !input.lock;', 'return false;'),
  ),
  ofLocking(
    'P22',
    'an operation is carried out under a lock that is not current',
    edit(LOCKS, 'operation.lock && !this.isCurrent(operation)', 'false'),
  ),
  ofLocking(
    'P22',
    'what the holder sends waits behind what waits for the lock',
    edit(LOCKS, "body.kind === 'lockRelease' ||", "body.kind === 'lockRelease' && false ||"),
    edit(LOCKS, "(body.kind === 'operation' && body.lock !== undefined)", 'false'),
  ),
  ofLocking(
    'P22',
    'what the holder sends is parked behind what waits for the lock',
    edit('engine/instance.js', 'if (!this.#isOfHolder(input))', 'if (true)'),
  ),
  ofLocking(
    'P22',
    'a section that has lost its lock is not remembered until its end comes',
    edit(LOCKS, 'held && isRemembered(change.why) ? [...lost, held.holder] : lost', 'lost'),
  ),
  ofLocking(
    'P22',
    'entities are locked in the order in which they are named',
    edit('core/critical-sections.js', '.sort((a, b) => compare(a.name, b.name) || compare(a.key, b.key))', ''),
  ),
  ofLocking(
    'P22',
    'the fencing numbers of an entity of which nothing was left begin anew',
    edit('engine/tables.js', 'this.lastFence = Math.max(this.lastFence, lastFence);', ''),
  ),
];
