import { edit, ofTrading, smallOfTrading, type Mutant } from './mutant.js';

const LOCKS = 'engine/entity-locks.js';
const ENTITY = 'engine/entity-activation.js';
const STATE = 'engine/transactional-state.js';
const SECTIONS = 'core/critical-sections.js';
const EXECUTOR = 'core/entity-executor.js';

/** Bugs of transactions. */
export const ofTransactions: readonly Mutant[] = [
  { ...smallOfTrading('none', 'a library with small limits, for transactions'), isHealthy: true },
  ofTrading(
    'P23',
    'an entity whose transaction takes too long decides alone',
    edit(LOCKS, "held.transaction ? this.#ask(held, 'expired', now + ASK_AGAIN) :", ''),
  ),
  ofTrading(
    'P23',
    'an operator breaks the lock of a transaction',
    edit(LOCKS, "held.transaction ? this.#ask(held, 'broken', held.until) :", ''),
  ),
  ofTrading('P23', 'an abort is carried out as a commit', edit(LOCKS, 'if (commit)', 'if (true)')),
  ofTrading(
    'P23',
    'an entity that is told nothing is known of its transaction forgets that its end is to come',
    edit(LOCKS, " || why === 'unknown'", ''),
  ),
  ofTrading(
    'P23',
    'an operation of a transaction changes the state at once',
    edit(ENTITY, 'this.#locks.held?.transaction === true', 'false'),
  ),
  ofTrading(
    'P23',
    'what an operation of a transaction sends is not held',
    edit(
      ENTITY,
      'messages: message.caller ? [resultFor(message.caller, told)]',
      'messages: message.caller ? [...outcome.messages.map(sentBy), resultFor(message.caller, told)]',
    ),
  ),
  ofTrading('P23', 'what was held is not sent', edit(ENTITY, 'this.#state.prepared?.messages ?? none', 'none')),
  ofTrading(
    'P23',
    'what is prepared is not in the head',
    edit('engine/entity-head.js', '...(prepared && { prepared }),', ''),
  ),
  ofTrading(
    'P23',
    'after an abort operations go on from what was prepared',
    edit(ENTITY, 'this.resume(); // the executor has what was prepared', ';'),
  ),
  ofTrading(
    'P23',
    'the second operation of a transaction forgets what the first has sent',
    edit(STATE, '[...(before.messages ?? none), ...(change.messages ?? none)]', 'change.messages ?? none'),
  ),
  ofTrading('P23', 'a commit forgets the state', edit(STATE, 'this.#note(this.#committed.apply(prepared));', '')),
  ofTrading(
    'P23',
    'an exact read does not wait for the decision',
    edit('engine/entity-reads.js', 'if (!changesState(activation.prepared))', 'if (true)'),
  ),
  ofTrading(
    'P23',
    'the record of the decision does not tell the last entity',
    edit(
      'engine/held-lock.js',
      '{ ...end, fence: fences[at] }]',
      '{ ...end, ...(at > 0 && end.commit ? { commit: undefined } : {}), fence: fences[at] }]',
    ),
  ),
  ofTrading(
    'P23',
    'an operation that fails does not abort, when its error is caught',
    edit(SECTIONS, '!failure || !section.isTransaction ||', 'true ||'),
  ),
  ofTrading(
    'P23',
    'an orchestration that is asked goes on',
    edit(
      SECTIONS,
      'section.isReleased)\n            return;\n        section.lose(event.failure);',
      'section.isReleased || (section.isTransaction && section.fences))\n            return;\n        section.lose(event.failure);',
    ),
  ),
  ofTrading(
    'P23',
    'it is decided before an operation has answered',
    edit('core/transactions.js', 'for (const call of section.calls)\n            yield* call;', ''),
  ),
  ofTrading(
    'S4',
    'older code runs operations on newer states',
    edit(ENTITY, 'this.#program && version <= this.#program.stateVersion', 'this.#program'),
  ),
  ofTrading(
    'S4',
    'older code takes newer states for its own',
    edit(ENTITY, 'this.#program && version <= this.#program.stateVersion', 'this.#program'),
    edit(
      'core/state-migration.js',
      'if (version > stateVersion || !migrate)',
      'if (version > stateVersion) return state;\n    if (!migrate)',
    ),
  ),
  ofTrading(
    'S4',
    'a state of an older version is not migrated',
    edit(EXECUTOR, 'this.#state === undefined || this.#version === this.#program.stateVersion', 'true'),
  ),
  ofTrading(
    'S4',
    'a record does not tell the version of a state',
    edit(
      'engine/entity-state.js',
      'state: next, ...(version > FIRST_VERSION && { stateVersion: version })',
      'state: next',
    ),
  ),
  ofTrading(
    'S4',
    'a head does not tell the version of a state',
    edit('engine/entity-state.js', '...(this.#version > FIRST_VERSION && { stateVersion: this.#version })', '...{}'),
  ),
  ofTrading(
    'S4',
    'a next owner forgets the version that it finds behind a head',
    edit('engine/entity-state.js', 'this.#version = stateVersion;\n        this.#bytes', 'this.#bytes'),
  ),
  ofTrading(
    'S4',
    'what is prepared has no version',
    edit(STATE, '...(version > FIRST_VERSION && { stateVersion: version }),', ''),
  ),
  ofTrading(
    'S4',
    'the second operation of a transaction forgets the version of what the first has prepared',
    edit(STATE, '...(stateVersion !== undefined && { stateVersion }),', ''),
  ),
  ofTrading(
    'S4',
    'an operation that fails keeps what was migrated',
    edit(
      EXECUTOR,
      'changed: false, state: this.#state, messages: []',
      'changed: this.#migrated !== undefined, state: this.#migrated ?? this.#state, messages: []',
    ),
  ),
  ofTrading(
    'P13',
    'what a client has deleted stays in the memory of its owner',
    edit('engine/entity-deletion.js', 'executor?.load(undefined);', ''),
  ),
  ofTrading(
    'P13',
    'every deletion is told to be one',
    edit('engine/entity-deletion.js', 'result: exists', 'result: true'),
  ),
  ofTrading(
    'P13',
    'the deletion of an entity is not in its record',
    edit('engine/entity-state.js', 'return { deleted: true };', 'return {};'),
  ),
  ofTrading(
    'P13',
    'what is deleted is not applied',
    edit('engine/entity-state.js', '!deleted && state === undefined', 'state === undefined'),
  ),
];
