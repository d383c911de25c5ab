import { edit, mutant, type Mutant } from './mutant.js';

/** Bugs of messages that wait in pages. */
export const ofParking: readonly Mutant[] = [
  mutant(
    'P4',
    'a record that parks messages does not count their inputs as consumed',
    edit('engine/tables.js', 'for (const { mail, local } of parking.boxes)\n            this.#take(mail, local);', ''),
  ),
  mutant(
    'P4',
    'what is parked is not in the checkpoint',
    edit('engine/tables.js', 'parked: this.parked.snapshot(),', 'parked: [],'),
  ),
  mutant(
    'P4',
    'what a former owner parked comes behind later mail',
    edit('engine/waiting.js', 'this.#back ??= new Fifo();', ''),
  ),
  mutant(
    'P4',
    'a page is removed as soon as one of its messages is taken',
    edit('engine/parked-messages.js', 'if (box.from < box.end)\n            return;', ''),
  ),
];
