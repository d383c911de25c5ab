import { edit, mutant, type Mutant } from './mutant.js';

/** Bugs of exact reads. */
export const ofReads: readonly Mutant[] = [
  mutant(
    'C11',
    'reads are answered without a look whether the partition is still owned',
    edit('engine/barrier.js', 'await this.#confirm();', ';'),
  ),
  mutant(
    'P16',
    'with several replicas a look at the end of the log will do',
    edit('engine/barrier.js', 'if (log.replicas > 1)', 'if (false)'),
  ),
  mutant('C11', 'reads are answered without a barrier', edit('engine/reads.js', 'await this.#barrier.pass();', '')),
  mutant(
    'P16',
    'reads are answered from what is not acknowledged',
    edit('engine/barrier.js', 'await this.#committer.whenAcknowledged();', ''),
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
];
