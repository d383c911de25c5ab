import { edit, mutant, small, type Mutant } from './mutant.js';

/** Bugs in front of streams that went back in time, leaders that are none any more, and owners that are none. */
export const ofStorage: readonly Mutant[] = [
  mutant(
    'P11',
    'a head older than the one that was stored last is believed',
    edit('engine/heads.js', 'stored ? stored.sequence >= least && stored.sequence > removed : least === 0', 'true'),
  ),
  small(
    'P11',
    'a segment that a deposed leader does not know yet is taken for gone',
    edit('engine/segments.js', 'LOOKS = 100', 'LOOKS = 1'),
  ),
  mutant(
    'P11',
    'an instance counts as new before the heads are listed',
    edit('engine/known-heads.js', 'return !this.#isListed || ', 'return '),
  ),
  mutant(
    'P12',
    'a takeover does not look whether the streams went back',
    edit('engine/recovery.js', 'await checkStreams(ports, stored);', ''),
  ),
  mutant(
    'P12',
    'another record in the place of a known one is taken for it',
    edit('engine/recovery.js', 'if (found.commit !== commit)', 'if (false)'),
  ),
  mutant(
    'P12',
    'other mail in the place of what was accepted is taken for it',
    edit('engine/recovery.js', 'time === undefined || time === acceptedAt', 'true'),
  ),
  mutant(
    'P12',
    'a checkpoint that is gone is taken for none yet',
    edit('engine/recovery.js', 'await refuseLostCheckpoint(ports);', ''),
  ),
  mutant(
    'P12',
    'a loss is accepted, and the channels of the partition go on as if nothing were lost',
    edit('engine/loss-acceptance.js', '...(anew && { reset: true }), ', ''),
  ),
  mutant(
    'P12',
    'a loss is accepted, and the log goes on at numbers that it had given before',
    edit('engine/loss-acceptance.js', 'isCut ? known + GAP : ', ''),
  ),
  mutant(
    'P12',
    'a loss is accepted, and what the others had sent counts as received as it was known',
    edit('engine/loss-acceptance.js', 'Math.max(last, known.get(from) ?? 0)', 'known.get(from) ?? 0'),
  ),
  mutant(
    'P12',
    'a loss of records is accepted, and the mail that they took is taken again',
    edit('engine/given-up-mail.js', 'Math.max(last, accepted))), kept', 'accepted)), kept'),
  ),
  mutant(
    '7.5',
    'a stream that was deleted and created again is taken for the former one',
    edit('memory/storage.js', '(kind) => streams[kind].isAnother', '() => false'),
  ),
  mutant(
    'P11',
    'of several replicas the first answer about the end of the log is believed',
    edit('engine/log-end.js', 'log.replicas === 1 || ', 'true || '),
  ),
  mutant(
    'P13',
    'a refused head ends the owner',
    edit(
      'engine/heads.js',
      'after = this.#sequenceOfMine(stored, epochOf);\n            await',
      "throw new OwnershipLostError('refused');\n            await",
    ),
  ),
];
