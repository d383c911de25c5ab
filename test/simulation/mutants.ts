/** One change of the compiled code: a text that must be found exactly once, and what takes its place. */
export interface Edit {
  /** Below `build/lib`. */
  readonly file: string;
  readonly find: string;
  readonly replacement: string;
}

/** A bug that the simulation has to find. */
export interface Mutant {
  /** The invariant or rule that it breaks. */
  readonly rule: string;
  readonly what: string;
  readonly edits: readonly Edit[];
  /** No seed is known that kills it: `npm run verify` searches, and tells what it finds. */
  readonly isOpen?: boolean;
  /** It is no bug, and has to survive. */
  readonly isHealthy?: boolean;
}

const edit = (file: string, find: string, replacement: string): Edit => ({
  file,
  find,
  replacement,
});
const mutant = (rule: string, what: string, ...edits: Edit[]): Mutant => ({
  rule,
  what,
  edits,
});

/**
 * Everything that is rare in a small program is frequent in a library with small limits: segments, pages, parts,
 * passivation, purges. No mutant itself: it has to survive all seeds.
 */
export const miniature: readonly Edit[] = [
  edit('engine/heads.js', 'HEAD_TARGET = 64 * 1024', 'HEAD_TARGET = 700'),
  edit('engine/heads.js', 'HISTORY_TARGET = 32 * 1024', 'HISTORY_TARGET = 300'),
  edit('engine/upkeep.js', 'MARGIN = 256', 'MARGIN = 2'),
  edit('engine/checkpoints.js', 'PAGE = 512 * 1024', 'PAGE = 400'),
  edit('engine/group.js', 'TARGET_BYTES = 256 * 1024', 'TARGET_BYTES = 12_000'),
  edit('engine/orchestration-activation.js', 'MOST_EXECUTIONS = 100', 'MOST_EXECUTIONS = 1'),
  edit('engine/orchestration-inputs.js', 'MOST_HELD = 500', 'MOST_HELD = 1'),
  edit('engine/channels.js', 'ENVELOPE_TARGET = 512 * 1024', 'ENVELOPE_TARGET = 200'),
  edit('memory/connection.js', 'MAX_BODY_BYTES = 1_048_576 - 1024', 'MAX_BODY_BYTES = 7_000'),
  edit('wire/body-limit.js', 'RESERVE = 64 * 1024', 'RESERVE = 100'),
  edit('wire/body-limit.js', 'largestStep(maxBodyBytes) - 8 * 1024', 'largestStep(maxBodyBytes) - 20'),
];

/** As `mutant`, in a library with small limits. */
const small = (rule: string, what: string, ...edits: Edit[]): Mutant => {
  const isChanged = ({ file, find }: Edit): boolean =>
    edits.some((other) => other.file === file && (other.find.includes(find) || find.includes(other.find)));
  return {
    rule,
    what,
    edits: [...miniature.filter((item) => !isChanged(item)), ...edits],
  };
};

/** Not killed by any of the first 60 seeds. */
const open = new Set([
  'a head refers to segments that are not stored',
  'a result is taken whatever execution asked for it',
  'a new owner does not send again what may not have arrived',
  'what a former owner left comes in another order',
  'the log is forgotten although a new owner has not loaded all of it',
  'open inputs are not in the checkpoint',
  'the sessions of a client with two partitions have the same ids',
  'parts of a record have effect without the last one',
  'an epoch record does not annul an incomplete set of parts',
  'a part of an entry is not remembered',
  'local messages are not in the checkpoint',
  'the wake record is stored after the head, if at all',
  'a takeover does not put its epoch on the checkpoint',
  'what a later owner has forgotten counts as lost',
  'a zombie removes the pages of its successor',
  'a zombie’s head is believed',
  'a barrier that began before the read arrived will do',
  'timers are not armed when an instance is loaded',
  'an instance’s time may go back',
  'continueAsNew loses the events that were not seen',
  'an instance is unloaded while its last step is not stored',
]);

const table: readonly Mutant[] = [
  { rule: 'none', what: 'a library with small limits', edits: miniature, isHealthy: true },
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
    'C4',
    'local messages are not marked as consumed',
    edit('engine/tables.js', 'this.locals.delete(localName(local[at], local[at + 1]));', ';'),
  ),
  mutant(
    'C4',
    'channel marks are not recorded',
    edit('engine/tables.js', 'this.received.set(Number(from), n);\n            this.partly', 'this.partly'),
  ),
  mutant(
    'C4',
    'the result of another execution or of nothing is taken',
    edit(
      'engine/orchestration-inputs.js',
      'return started?.executionId === executionId && open.get(taskId)?.type === answeredBy[of];',
      'return started !== undefined;',
    ),
  ),
  mutant(
    'C4',
    'a result is taken whatever execution asked for it',
    edit('engine/orchestration-inputs.js', 'started?.executionId === executionId && ', ''),
  ),
  mutant(
    'C5',
    'a new owner does not send again what may not have arrived',
    edit('engine/partition-run.js', 'this.#channels.flushAll();', ''),
  ),
  mutant(
    'C5',
    'the entries of a channel are not chained',
    edit('engine/committer.js', 'prev: this.#tables.channels.get(partition)?.last ?? 0, messages', 'prev: 0, messages'),
  ),
  mutant(
    'C6',
    'an instance runs on while an operation of it is under way',
    edit('engine/instances.js', 'instance.isBusy = true;', ''),
  ),
  mutant(
    'C6',
    'steps run before what a former owner left is in its place',
    edit('engine/instances.js', '#isHeld = true;', '#isHeld = false;'),
  ),
  mutant(
    'C6',
    'what a former owner left comes in another order',
    edit('engine/intake.js', 'this.#locals = [...locals.values()];', 'this.#locals = [...locals.values()].reverse();'),
  ),
  mutant(
    'C7',
    'heads are captured while a record is under way',
    edit('engine/flusher.js', '|| !this.#committer.isQuiet)', ')'),
  ),
  mutant(
    'C7',
    'what changed while a head was written is not written',
    edit('engine/flusher.js', 'instance.dirtySince = instance.dirtyBehind;', 'instance.dirtySince = undefined;'),
  ),
  mutant(
    'C8',
    'the log is forgotten although heads are not stored',
    edit('engine/flusher.js', 'low = Math.min(low, dirtySince)', 'low = low'),
  ),
  mutant(
    'C8',
    'the log is forgotten although a new owner has not loaded all of it',
    edit('engine/upkeep.js', 'low = Math.min(low, entry?.first ?? low);', ';'),
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
  mutant('C11', 'reads are answered without a barrier', edit('engine/reads.js', 'await this.#barrier.pass();', '')),
  mutant(
    'C11',
    'reads are answered from what is not acknowledged',
    edit('engine/barrier.js', 'await this.#committer.whenAcknowledged();', ''),
  ),
  mutant(
    'P1',
    'acceptance counts as consumption: open inputs are not recorded',
    edit('engine/inbox.js', '...(open.length > 0 && { open }),', ''),
  ),
  mutant(
    'P1',
    'open inputs are not in the checkpoint',
    edit(
      'engine/tables.js',
      'open: Array.from(this.open, ([sequence, indexes]) => [sequence, [...indexes]]),',
      'open: [],',
    ),
  ),
  mutant(
    'P2',
    'a send whose outcome is unknown counts as done, and nobody looks whether the receiver stands still',
    edit(
      'engine/channels.js',
      'return (await this.#ports.mailOf(partition).send(this.#subject(partition), body)) !== undefined;',
      'await this.#ports.mailOf(partition).send(this.#subject(partition), body);\nreturn true;',
    ),
    edit('engine/channels.js', 'STANDSTILL = 3_000', 'STANDSTILL = Infinity'),
  ),
  mutant(
    'P2',
    'a receiver takes what does not follow its mark',
    edit('engine/channel-marks.js', 'n > mark.n && prev === mark.n && known >= 0', 'n > mark.n && known >= 0'),
    edit(
      'engine/channels.js',
      'return (await this.#ports.mailOf(partition).send(this.#subject(partition), body)) !== undefined;',
      'await this.#ports.mailOf(partition).send(this.#subject(partition), body);\nreturn true;',
    ),
  ),
  mutant(
    'P3',
    'a new owner begins one message too late',
    edit('engine/intake.js', 'consume(cursor + 1,', 'consume(cursor + 2,'),
  ),
  mutant(
    'P5',
    'the marks of sessions are not recorded, the server’s duplicate window has to do',
    edit(
      'engine/session-table.js',
      'for (const [id, mark] of Object.entries(sessions ?? {}))',
      'for (const [id, mark] of Object.entries(sessions ?? {}).filter(([id]) => !this.#sessions.has(id)))',
    ),
  ),
  mutant(
    'P5',
    'a copy of a message is taken again',
    edit('engine/session-mail.js', 'if (last <= mark)', 'if (false)'),
    edit('engine/session-mail.js', 'if (number <= mark)\n', 'if (false)\n'),
  ),
  mutant(
    'P5',
    'the sessions of a client with two partitions have the same ids',
    edit('client/client-session.js', 'const token = `${this.#id}-${partition}`;', 'const token = this.#id;'),
  ),
  mutant(
    'P6',
    'mail for another partition is taken',
    edit(
      'engine/inbox.js',
      'if (partitionOf(to, this.#partitions) === this.#subjects.partition)',
      'if (true || partitionOf(to, this.#partitions) === this.#subjects.partition)',
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
  mutant(
    'P8',
    'local messages are not in the checkpoint',
    edit('engine/tables.js', 'locals: [...this.locals.values()],', 'locals: [],'),
  ),
  mutant(
    'P8',
    'pending sends are not in the checkpoint',
    edit(
      'engine/tables.js',
      'channels[partition] = { last, pending: [...pending] };',
      'channels[partition] = { last, pending: [] };',
    ),
  ),
  mutant(
    'P8',
    'the wake record is stored after the head, if at all',
    edit('engine/heads.js', 'if (captured.wake)\n            await this.#writeWake(instance, captured.wake);', ''),
  ),
  mutant(
    'P9',
    'a takeover does not put its epoch on the checkpoint',
    edit(
      'engine/checkpoints.js',
      'const sequence = await views.write(subjects.checkpoint, encodeDirectory(directory), stored?.sequence ?? 0);',
      'const sequence = stored?.sequence ?? (await views.write(subjects.checkpoint, encodeDirectory(directory), 0));',
    ),
  ),
  mutant(
    'P9',
    'recovery reads the records behind the checkpoint only',
    edit('engine/recovery.js', 'const low = checkpoint?.low ?? 1;', 'const low = tables.sequence + 1;'),
  ),
  mutant(
    'P9',
    'what a later owner has forgotten counts as lost',
    edit('engine/recovery.js', 'await checkpoints.confirm();', ';'),
  ),
  mutant(
    'P10',
    'former pages are removed before the directory names the new ones',
    edit(
      'engine/checkpoints.js',
      'this.#sequence = await this.#replace(',
      'for (const { sequence } of former.pages) await this.#ports.views.remove(sequence);\nthis.#sequence = await this.#replace(',
    ),
  ),
  mutant(
    'P10',
    'a zombie removes the pages of its successor',
    edit('engine/checkpoints.js', '[0]) < this.#epoch)', '[0]) !== this.#epoch)'),
  ),
  small(
    'P8',
    'mail is removed up to what was accepted, not up to what was consumed',
    edit('engine/upkeep.js', 'const { cursor } = tables;', 'const cursor = tables.accepted + MARGIN;'),
  ),
  mutant(
    'P13',
    'a zombie’s head is believed',
    edit('engine/heads.js', 'if (!this.#isZombie(head, stored.sequence)) {', 'if (true) {'),
  ),
  small(
    'P14',
    'a head refers to segments that are not stored',
    edit(
      'engine/segments.js',
      'const sequence = await this.#create(subject, encodeSegment(part));',
      'const sequence = 1;\nvoid this.#create(subject, encodeSegment(part));',
    ),
  ),
  small(
    'P14',
    'segments of a former execution are removed with those of the present one',
    edit(
      'engine/heads.js',
      'instance.segments.filter(({ sequence }) => !sequences.has(sequence))',
      'instance.segments',
    ),
  ),
  mutant(
    'P16',
    'a barrier that began before the read arrived will do',
    edit(
      'engine/barrier.js',
      'this.#next ??= this.#running.then(() => this.#begin(), () => this.#begin());\n        return this.#next;',
      'return this.#running;',
    ),
  ),
  mutant(
    'P17',
    'an operation that does IO runs on a message that is not stored',
    edit('engine/entity-activation.js', '?.isAsync ?? false', '?.isAsync === 1'),
  ),
  mutant(
    'P19',
    'a timer fires a little early',
    edit(
      'engine/due-timers.js',
      'Math.max(0, next.at - this.#clock.now())',
      'Math.max(0, next.at - this.#clock.now() - 30)',
    ),
    edit('engine/due-timers.js', 'next && next.at <= now;', 'next && next.at <= now + 30;'),
    edit('engine/orchestration-activation.js', 'this.dueAt > now)', 'this.dueAt > now + 30)'),
    edit('engine/orchestration-activation.js', 'takeDue(now, MOST_TIMERS)', 'takeDue(now + 30, MOST_TIMERS)'),
  ),
  mutant(
    'P19',
    'timers are not armed when an instance is loaded',
    edit('engine/partition-run.js', 'this.#timers.schedule(instance.address, activation.dueAt);', ''),
  ),
  mutant('P19', 'an instance’s time may go back', edit('engine/orchestration-turn.js', 'event.at < this.#at', 'false')),
  mutant(
    '7.5',
    'activities of a former owner are not started again',
    edit('engine/partition-run.js', 'this.#activities.recover(instance, pending);', ';'),
  ),
  small(
    'C7',
    'the events of a former execution are replayed with those of the next',
    edit(
      'engine/orchestration-activation.js',
      "if (entry.events?.some(({ type }) => type === 'ExecutionStarted'))",
      'if (false)',
    ),
  ),
  mutant(
    '7.5',
    'continueAsNew loses its input',
    edit(
      'engine/orchestration-turn.js',
      'const { name, parent, executionId: former, run = former } = this.#started;',
      'input = undefined;\nconst { name, parent, executionId: former, run = former } = this.#started;',
    ),
  ),
  mutant(
    '7.5',
    'continueAsNew loses the events that were not seen',
    edit('engine/orchestration-activation.js', '...completion.carriedEvents, ', ''),
  ),
  mutant(
    '7.5',
    'an entity’s failed operation keeps its changes',
    edit('core/entity-executor.js', 'draft?.discard();', 'this.#commit(draft);'),
  ),
  mutant(
    '7.5',
    'the answer to a client is not kept',
    edit('engine/session-table.js', 'return this.#store(session, number, text);', 'return;'),
  ),
  small(
    '7.5',
    'an instance is unloaded while its last step is not stored',
    edit('engine/instance.js', 'this.dirtySince === undefined &&', 'true &&'),
    edit('engine/instance.js', '(this.touchedBy === undefined || this.touchedBy.isAcknowledged)', 'true'),
  ),
];

export const mutants: readonly Mutant[] = table.map((item) => (open.has(item.what) ? { ...item, isOpen: true } : item));
