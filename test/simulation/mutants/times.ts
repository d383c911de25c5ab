import { edit, ofTiming, smallOfTiming, type Mutant } from './mutant.js';

const AGENDA = 'engine/agenda.js';
const ENTITY = 'engine/entity-activation.js';

/** Bugs of what entities do at times, of their deletion and of their limits. */
export const ofTimes: readonly Mutant[] = [
  { ...smallOfTiming('none', 'a library with small limits, for times'), isHealthy: true },
  ofTiming(
    'P19',
    'a signal for later is carried out when it comes',
    edit(AGENDA, 'due > now && !caller', 'false && !caller'),
  ),
  ofTiming(
    'C7',
    'what an entity plans is not in its head',
    edit('engine/entity-head.js', '...(planned && { planned }),', ''),
  ),
  ofTiming(
    'P8',
    'what an entity plans has no wake record',
    edit('engine/entity-head.js', "(planned && { executionId: 'entity', at: dueAt })", 'undefined'),
  ),
  ofTiming(
    'P19',
    'the next time of a reminder is counted from the one at which it came',
    edit(
      'core/reminder-changes.js',
      'return at + every * (Math.floor(Math.max(0, now - at) / every) + 1);',
      'return now + every;',
    ),
  ),
  ofTiming(
    'P19',
    'a reminder comes once for each time that was missed',
    edit(
      'core/reminder-changes.js',
      'return at + every * (Math.floor(Math.max(0, now - at) / every) + 1);',
      'return at + every;',
    ),
  ),
  ofTiming(
    'C4',
    'a reminder that was cancelled stays planned',
    edit('core/reminder-changes.js', 'this.#changes.set(name, undefined);', ''),
  ),
  ofTiming(
    'C4',
    'a reminder that cancels itself comes again',
    edit(
      AGENDA,
      'planned.delete(id);\n        unplanned.delete(id);',
      'if (planned.has(id) && !reminder) continue;\n        unplanned.delete(id);',
    ),
  ),
  ofTiming(
    'C4',
    'the reminders of an entity that is deleted go on',
    edit(
      'core/operation-context.js',
      'isDeleted || this.#deletesState ? this.#reminderChanges.cancelled() : this.#reminders?.changes',
      'this.#reminders?.changes',
    ),
  ),
  ofTiming(
    'P13',
    'an entity that is deleted forgets what others have signalled for later',
    edit(
      'engine/entity-remains.js',
      'return agenda.isEmptyAfter(prepared ?? entry) && journals.isEmptyAfter(entry);',
      'return journals.isEmptyAfter(entry);',
    ),
  ),
  ofTiming(
    'P13',
    'the head of an entity that is deleted stays',
    edit('engine/entity-head.js', 'if (!exists && !journals && !locks && !planned)', 'if (false)'),
  ),
  ofTiming(
    'P13',
    'an entity that is locked and does not exist forgets that',
    edit('engine/entity-head.js', '!exists && !journals && !locks && !planned', '!exists && !journals && !planned'),
  ),
  ofTiming(
    'P22',
    'what is planned is carried out while others have locked the entity',
    edit(ENTITY, 'next.at <= now && !this.#locks.held', 'next.at <= now'),
    edit(ENTITY, 'this.#locks.held ? this.#locks.held.until : this.#agenda.first?.at', 'this.#agenda.first?.at'),
    edit('engine/locked-entities.js', "isLocked ? 'expireLock' : 'due'", "'due'"),
  ),
  ofTiming(
    'P22',
    'what was due during a lock is forgotten at its end',
    edit(
      ENTITY,
      'this.#locks.held ? this.#locks.held.until : this.#agenda.first?.at',
      'this.#locks.held ? this.#locks.held.until : this.#agenda.first?.at > this.#updatedAt ? this.#agenda.first.at : undefined',
    ),
  ),
  ofTiming(
    'P18',
    'a planned operation that called before its process died has no journal in the next one',
    edit(AGENDA, 'id: `planned.${id}.${at}`', 'id: `planned.${Math.random()}.${at}`'),
  ),
  ofTiming(
    'C4',
    'what was carried out at its time is not taken off when it fails or calls',
    edit(AGENDA, 'unplanned.add(done.id);', 'if (done.reminder !== undefined) unplanned.add(done.id);'),
  ),
  ofTiming(
    'C6',
    'a read does not wait for what its client sent before',
    edit('engine/entity-reads.js', 'return !instances.isHeld && inbox.last >= sequence;', 'return true;'),
  ),
  ofTiming(
    'C6',
    'a client that reads does not wait until what it has sent is stored',
    edit('client/readonly-calls.js', 'await this.#session.whenStored(entityAddress(entity))', '0'),
  ),
  ofTiming(
    'P4',
    'what a full mailbox refuses is carried out all the same',
    edit(
      'engine/instances.js',
      '&& this.#listener.refuses(instance, input))\n            return;',
      '&& this.#listener.refuses(instance, input)) {}',
    ),
  ),
  ofTiming(
    'P4',
    'a signal that a full mailbox refuses is dropped before its letter is stored',
    edit('engine/dead-letters.js', 'this.#store(letter, `${stream}.${sequence}.${index}`)', 'Promise.resolve()'),
  ),
  ofTiming(
    'P4',
    'a call that a full mailbox refuses is told that it was carried out',
    edit(
      'engine/full-mailboxes.js',
      'const output = refusalOf(body, error);',
      'const output = { ...refusalOf(body, error), notices: [] };\n    if (output.entry.outcome) output.entry.outcome = { id: output.entry.outcome.id, result: 1 };',
    ),
  ),
  ofTiming(
    'C6',
    'an entity that was deleted is told that it is not new',
    edit(
      'core/entity-executor.js',
      'const isNew = this.#state === undefined;',
      'const isNew = this.#state === undefined && !this.wasThere;\n        this.wasThere ||= this.#state !== undefined;',
    ),
  ),
];
