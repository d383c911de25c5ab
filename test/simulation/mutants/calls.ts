import { edit, mutant, type Mutant } from './mutant.js';

/** Bugs of operations that call other entities. */
export const ofCalls: readonly Mutant[] = [
  mutant(
    'P18',
    'an operation that runs again makes its calls again',
    edit('engine/operation-calls.js', 'this.#journals.current?.find(number);', 'undefined;'),
  ),
  mutant(
    'P18',
    'the calls of an operation are not in its head',
    edit('engine/entity-head.js', '...(journals && { journals }),', ''),
  ),
  mutant(
    'P18',
    'the mail of an operation that calls is not accepted with its first call',
    edit('engine/instances.js', 'if (instance.running?.mail)', 'if (false)'),
  ),
  mutant(
    'P18',
    'answers are told and not recorded',
    edit('engine/operation-journals.js', 'this.#journals.get(answered.journal)?.answered(answered);', '{}'),
  ),
  mutant(
    'P18',
    'a call that no record holds is sent',
    edit(
      'engine/journal-steps.js',
      'const recorded = this.#listener.record(instance, own, output);',
      'const recorded = this.#listener.record(instance, own, { ...output, entry: {} });',
    ),
  ),
];
