import { edit, mutant, type Mutant } from './mutant.js';

/** Bugs of large values. */
export const ofValues: readonly Mutant[] = [
  mutant(
    'P15',
    'a value is named although it is not known to be stored',
    edit(
      'engine/large-values.js',
      'const reference = await objects.put(key, body, (why) => (refusal = why));',
      "const reference = (await objects.put(key, body)) ?? { key, bytes: body.length, hash: `SHA-256=${'A'.repeat(43)}=` };",
    ),
  ),
  mutant(
    'P15',
    'a value is removed with its message although the instance has taken it over',
    edit('engine/spent-values.js', ' && !activation.holds(key)', ''),
  ),
  mutant(
    'P15',
    'a value that goes to another instance is not stored again for it',
    edit('engine/step-values.js', 'change(message, to, message)', 'change(message, holder, message)'),
  ),
  mutant(
    'P15',
    'a sweep removes what a head names',
    edit('engine/value-sweep.js', 'if (head)\n                this.#strike(keys, decoded(head.body));', ''),
  ),
  mutant(
    'P15',
    'what a head under way may remove grows while it is on its way',
    edit('engine/named-values.js', 'if (dropped.length === 0)\n            return none;', ''),
    edit(
      'engine/named-values.js',
      'this.#dropped = [];\n        return dropped;',
      'if (dropped.length > 0)\n            this.#dropped = [];\n        return dropped;',
    ),
  ),
];
