import { edit, elseRejects, mutant, small, type Mutant } from './mutant.js';

/** Bugs of heads, checkpoints, takeovers and purges. */
export const ofViews: readonly Mutant[] = [
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
    edit('engine/recovery.js', 'throw await reasonOf(error, ports, mine.epoch);', 'throw error;'),
  ),
  mutant(
    'C7',
    'a head that the server refuses for its size counts as stored',
    edit(
      'engine/heads.js',
      'const sequence = await views.write(subject, body, after, note);',
      `const sequence = await views.write(subject, body, after, note).catch(${elseRejects('after + 1')});`,
    ),
  ),
  mutant(
    'P10',
    'former pages are removed before the directory names the new ones',
    edit(
      'engine/checkpoints.js',
      'this.#sequence = await this.#replace(',
      'for (const { subject, sequence } of former.pages) await this.#ports.views.remove(subject, sequence);\nthis.#sequence = await this.#replace(',
    ),
  ),
  mutant('P10', 'a zombie removes the pages of its successor', edit('engine/left-behind.js', '< epoch)', '!== epoch)')),
  small(
    'P8',
    'mail is removed up to what was accepted, not up to what was consumed',
    edit('engine/upkeep.js', 'const { cursor } = tables;', 'const cursor = tables.accepted + MARGIN;'),
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
  small(
    'C7',
    'the events of a former execution are replayed with those of the next',
    edit(
      'engine/orchestration-activation.js',
      "if (entry.purged || entry.scheduled || entry.events?.some(({ type }) => type === 'ExecutionStarted'))",
      'if (false)',
    ),
  ),
];
