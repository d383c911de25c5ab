import { edit, mutant, type Mutant } from './mutant.js';

/** Bugs on the way of a message. */
export const ofMail: readonly Mutant[] = [
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
      'return id !== undefined && open.get(id)?.type === answeredBy[message.of] ? id : undefined;',
      'return started && message.taskId;',
    ),
  ),
  mutant(
    'C4',
    'a result is taken whatever execution asked for it',
    edit('engine/orchestration-inputs.js', 'linkId(started) === executionId ? taskId : undefined', 'taskId'),
    edit('engine/orchestration-inputs.js', 'started.executionId === executionId ? taskId : undefined', 'taskId'),
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
    'C5',
    'what is handed over to a partition of the same worker is forgotten at once',
    edit(
      'engine/channels.js',
      'sender.sentUpTo = last.n;\n            sender.progressAt',
      'this.#tables.channel(partition).pending.splice(0);\n            sender.sentUpTo = last.n;\n            sender.progressAt',
    ),
  ),
  mutant(
    'C4',
    'that a channel is received is not in the record that has what was handed over',
    edit('engine/inbox.js', 'const channels = new Map(received);', 'const channels = new Map();'),
  ),
  mutant(
    'P1',
    'what is handed over overtakes mail of its channel that no record accepts',
    edit('engine/inbox.js', '(this.#marked.get(from) ?? 0) <= this.#accepted && ', ''),
  ),
  mutant(
    'C5',
    'the record does not have the messages that were handed over',
    edit(
      'engine/group.js',
      'const entry = { to: messages[0][0], messages, handed: [from, n] };',
      'const entry = { to: messages[0][0], messages: [], handed: [from, n] };',
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
    edit('engine/channel-marks.js', '(prev === mark.n || reset) && known >= 0', 'known >= 0'),
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
];
