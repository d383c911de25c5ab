import { edit, ofChanges, type Mutant } from './mutant.js';

/** Bugs of states of entities that go by what has changed (docs/adr/0057). */
export const ofStates: readonly Mutant[] = [
  ofChanges(
    'C7',
    'a head names a stored state without what has changed since',
    edit('engine/entity-state.js', '...(this.#patches.length > 0 && { patches: this.#patches })', '...{}'),
  ),
  ofChanges(
    'C7',
    'a next owner does not make the changes that it finds behind a head',
    edit('engine/entity-state.js', 'this.#value = patched(this.#value, patches);', ';'),
  ),
  ofChanges(
    'C7',
    'a state is fetched, and what has changed since it was stored is not made',
    edit('engine/entity-state.js', 'this.#patches.length === 0 ? base : patched(base, this.#patches)', 'base'),
  ),
  ofChanges(
    'C7',
    'changes of a former state are kept behind one that was stored anew',
    edit('engine/entity-state.js', 'this.#patches = none;\n        this.#patchBytes = 0;', 'this.#patchBytes = 0;'),
  ),
  ofChanges(
    'C7',
    'only the last change is kept behind a stored state',
    edit('engine/entity-state.js', '[...this.#patches, ...patches]', 'patches'),
  ),
  ofChanges(
    'C7',
    'what comes into a list comes behind what is at its place',
    edit(
      'core/state-patches.js',
      'this.#add(after[at], [...path, at]);',
      'this.#add(after[at], [...path, Math.max(0, at - 1)]);',
    ),
  ),
];
