import { edit, mutant, type Edit, type Mutant } from './mutant.js';

/** A bug of what comes late or is stale, or of an operation that had called when its owner died. */
export interface RareMutant extends Mutant {
  /** The test that brings the coincidence about. */
  readonly foundBy: { readonly file: string; readonly title: string };
}

/** As `mutant`; `file` is below `test`. */
const rare = (rule: string, what: string, file: string, title: string, ...edits: Edit[]): RareMutant => ({
  ...mutant(rule, what, ...edits),
  foundBy: { file: `test/${file}.test.ts`, title },
});

/**
 * Bugs that need a coincidence which the simulations do not bring about within 500 seeds. Each is found by a test that brings about
 * just that.
 */
export const rareMutants: readonly RareMutant[] = [
  rare(
    'P11',
    'a list of wake records is believed that knows nothing of the takeover',
    'engine/takeovers',
    'P11: a takeover asks a deposed leader for wake records until it knows of the takeover: no timer is missed',
    edit('engine/wake-hints.js', 'views.scan(subjects.wakes, known)', 'views.scan(subjects.wakes)'),
  ),
  rare(
    'P11',
    'a wake record that a deposed leader does not know yet is left behind',
    'engine/storage-rules',
    'P11: a wake record that a deposed leader does not know yet is removed all the same',
    edit('engine/heads.js', '(stored?.sequence ?? 0) >= least', 'true'),
  ),
  rare(
    'P12',
    'what seems to be lost is called so while nobody can say whether there is a new owner',
    'engine/owners',
    'P12: nothing is called lost while nobody can say whether the partition has a new owner',
    edit(
      'engine/successors.js',
      'return new OwnershipLostError(`Partition ${ports',
      'return error;\n    return new OwnershipLostError(`Partition ${ports',
    ),
  ),
  rare(
    'P11',
    'what a deposed leader may list is taken for all heads',
    'engine/known-heads',
    'P11: with several replicas a deposed leader may list, so any instance may have a head',
    edit('engine/known-heads.js', 'if (log.replicas > 1)\n            return;', ''),
  ),
  rare(
    'P11',
    'a value that a deposed leader does not know yet is taken for lost',
    'engine/large-values',
    'P11: a value that a deposed leader does not know yet is looked for until one who does has answered',
    edit('engine/large-values.js', 'objects.replicas === 1', 'true'),
  ),
  rare(
    'P11',
    'an owner that was replaced goes on with an instance whose head is gone',
    'engine/removed-heads',
    'P11: an owner that was replaced takes a head that its successor has removed for no damage',
    edit('engine/loading.js', 'if (!activation.state.started && activation.state.history.length > 0)', 'if (false)'),
  ),
  rare(
    'P13',
    'the checkpoint does not tell of what was purged',
    'engine/seams',
    'P13: a copy of a purged instance’s head that arrives late is nothing to the owners that follow',
    edit('engine/tables.js', 'const purged = [...this.purged.entries()];', 'const purged = [];'),
  ),
  rare(
    'P13',
    'what an owner stored comes once more behind its tombstone, and is believed',
    'engine/lifecycle',
    'P13: a head that is stored once more after its instance was purged is removed, and not believed',
    edit('engine/heads.js', 'logSeq < (this.#removed.get(address)?.logSeq ?? 0) || (', '('),
  ),
  rare(
    'P13',
    'the wake record of a head that a former owner stored late stays',
    'engine/lifecycle',
    'P13: with a head that a former owner stored late goes the wake record that it stored before',
    edit(
      'engine/heads.js',
      'instance.wakeSequence = undefined;\n        await this.#removeWake(instance);\n        await views.remove(stored.subject, stored.sequence);',
      'await views.remove(stored.subject, stored.sequence);',
    ),
  ),
  rare(
    'P13',
    'a head that a former owner stored late stops who starts the instance anew',
    'engine/lifecycle',
    'P13: a head that a former owner stored late stops nobody who starts the instance anew',
    edit('engine/heads.js', 'stored.sequence > this.#claimedAt', 'false'),
  ),
  rare(
    'P13',
    'a change of an entity that was deleted since is wanted again',
    'engine/removed-heads',
    'P13: the changes of an entity that was deleted since, and has no head any more, are of no interest',
    edit('engine/loading.js', 'index < purge', 'false'),
  ),
  rare(
    'C1',
    'a client takes the end of a failed run, told late, for the end of what goes on since it was rewound',
    'client/lifecycle',
    'the end of a failed run that is told when it has been rewound is not the end of what goes on',
    edit('client/ended-runs.js', 'notice.ask || mayBeOld', 'notice.ask'),
  ),
  rare(
    'P15',
    'a client takes a result that went with its run for lost',
    'client/large-values',
    'a result that went with its run while it was looked for is not taken for lost: the next run gives its own',
    edit('client/ended-runs.js', 'whole(endOf(told), ', 'whole(told, '),
    edit('client/ended-runs.js', ' || times === LOOKS', ' || true'),
  ),
  rare(
    'P18',
    'what has called goes on behind what is parked',
    'engine/interrupted-operations',
    'P18: a planned operation that has called goes on before what was parked behind it',
    edit('engine/waiting.js', 'front.every(isOther) && back.every(isOther)', 'front.every(isOther)'),
  ),
  rare(
    'P18',
    'what has called is not looked for in what is parked',
    'engine/interrupted-operations',
    'P18: what has called goes on before messages that are parked before it, page by page',
    edit('engine/journal-steps.js', 'return waiting.missing !== undefined;', 'return false;'),
  ),
  rare(
    'P18',
    'what has called keeps its place behind what is due',
    'engine/interrupted-operations',
    'P18: what is due waits for an operation that had called when its process died',
    edit('engine/journal-steps.js', 'waiting.advance(input);', ''),
  ),
  rare(
    'P18',
    'a planned operation that has called waits for its time once more, as the next owner has it',
    'engine/interrupted-operations',
    'P19: an operation that runs again is not earlier than before, whatever the clock of the next owner says',
    edit('engine/entity-activation.js', 'if (!next || this.holdsBack)', 'if (!next)'),
  ),
  rare(
    'P18',
    'a signal that has called is early again for an owner whose clock is behind',
    'engine/interrupted-operations',
    'P18: a signal that was due when it was taken, and has called, is not early for the next owner',
    edit('engine/entity-activation.js', '&& !this.#journals.of(message)', ''),
  ),
  rare(
    'P18',
    'a look goes on from a call that does not wait any more',
    'engine/call-cycles',
    'a look along calls that do not wait, or no more, refuses none',
    edit('engine/call-cycles.js', 'if (input ?? runs(instance, last))', 'if (true)'),
  ),
  rare(
    'P18',
    'a look that comes back through the request of a lock ends there',
    'engine/call-cycles-locks',
    'the request of a lock that closes a cycle is not refused, but the call is',
    edit('engine/call-cycles.js', 'if (link && isEntityAddress(first.address))', 'if (false)'),
  ),
  rare(
    'P19',
    'an operation is carried out at a time before that of one which is committed',
    'engine/interrupted-operations',
    'P19: no operation is earlier than one that is committed, and that no head shows',
    edit('engine/loading.js', 'activation.ranElsewhere(at);', '{}'),
  ),
  rare(
    'C4',
    'what is handed over is taken whatever its channel has received',
    'engine/channels',
    'C4: only what follows the mark of its channel can be handed over',
    edit('engine/channel-marks.js', 'return n === prev && !partly;', 'return true;'),
  ),
  rare(
    'C7',
    'a note of a page is believed though its head has moved',
    'client/note-pages',
    'the note of a page counts only while its head is stored there: what moved is told once, where it is now',
    edit('client/moved-heads.js', 'if (stored.sequence <= note.sequence)', 'if (true)'),
  ),
  rare(
    'P11',
    'what has moved is left to a replica that does not know it yet',
    'client/note-pages',
    'what has moved to where a replica that is behind does not see it is not missed',
    edit('client/view-scan.js', 'const missed = await moved.missed(views);', 'const missed = [];'),
  ),
  rare(
    'C7',
    'a list that goes on begins with the whole page that has its place',
    'client/note-pages',
    'a list that goes on in the midst of the pages begins in the page that has its place',
    edit('client/note-pages.js', '({ sequence }) => sequence >= from', '() => true'),
  ),
  rare(
    'C7',
    'pages that are gone are taken to be there',
    'client/note-pages',
    'a directory that a deposed owner stores late names pages that are gone: all is found, and the next owner mends it',
    edit('engine/note-page-maker.js', 'isTorn: missing.size > 0', 'isTorn: false'),
  ),
];
