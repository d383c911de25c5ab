import { edit, elseRejects, mutant, small, type Mutant } from './mutant.js';

/** Bugs of the log: what is committed, and by whom. */
export const ofRecords: readonly Mutant[] = [
  mutant(
    'C1',
    'effects leave before their record is stored',
    edit(
      'engine/committer.js',
      'const [first, sequence] = await this.#store(',
      'this.#listener.acknowledged(group, this.#tables.sequence + 1);\nconst [first, sequence] = await this.#store(',
    ),
  ),
  mutant(
    'C1',
    'an activity starts when its step is taken',
    edit(
      'engine/partition-run.js',
      'this.#flusher.sealing(group);',
      'for (const [instance, activity] of group.activities) this.#activities.start(instance, activity, 1);\nthis.#flusher.sealing(group);',
    ),
  ),
  mutant(
    'C2',
    'a refused record is stored behind the other owner’s (the old result is published again)',
    edit(
      'engine/committer.js',
      'throw new OwnershipLostError(`Partition ${subjects.partition} has a new owner: its log ends',
      'const again = await log.append(body, end);\nif (again !== undefined) return again;\nthrow new OwnershipLostError(`Partition ${subjects.partition} has a new owner: its log ends',
    ),
  ),
  mutant(
    'C10',
    'a record that the server refuses for its size counts as stored',
    edit(
      'engine/committer.js',
      'const sequence = await log.append(body, prev);',
      `const sequence = await log.append(body, prev).catch(${elseRejects('prev + 1')});`,
    ),
  ),
  mutant('C2', 'records are stored without a fence', edit('memory/log.js', '{ after }));', '{}));')),
  mutant(
    'C3',
    'a takeover writes no epoch record',
    edit(
      'engine/recovery.js',
      'const sequence = await log.append(encodeEpoch(',
      'const sequence = prev > 0 ? prev : await log.append(encodeEpoch(',
    ),
  ),
  mutant(
    'C9',
    'a message within the partition is not part of the record',
    edit('engine/group.js', '...(locals.length > 0 && { messages: locals }),', ''),
  ),
  mutant(
    'C10',
    'a timeout counts as stored',
    edit(
      'engine/committer.js',
      'if (sequence !== undefined)\n                return sequence;',
      'return sequence ?? prev + 1;',
    ),
  ),
  mutant(
    'C10',
    'after a timeout the record is stored again without a look',
    edit(
      'engine/committer.js',
      'if (record.commit === commit)\n                    return end;',
      'if (record.commit === commit)\n                    return (await log.append(body, end)) ?? end;',
    ),
  ),
  small(
    'P7',
    'parts of a record have effect without the last one',
    edit('engine/log-records.js', 'if (i < n)\n            continue;', ''),
  ),
  small(
    'P7',
    'an epoch record does not annul an incomplete set of parts',
    edit(
      'engine/log-records.js',
      "if (record.type !== 'part') {\n            parts = [];",
      "if (record.type !== 'part') {",
    ),
    edit('engine/log-records.js', '(i === 1 ? [] : parts)', 'parts'),
  ),
  small(
    'P7',
    'a part of an entry is not remembered',
    edit(
      'engine/tables.js',
      'for (const [from, part] of Object.entries(record.partly ?? {}))\n            this.partly.set(Number(from), part);',
      '',
    ),
  ),
];
