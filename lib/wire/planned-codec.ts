import { checkName } from './checks.js';
import { json } from './history-shapes.js';
import type { PlannedOperation } from './planned.js';
import { checked, finite, object, optional, string } from './shapes.js';
import { valueReference } from './value-references.js';

export const plannedOperation = object<PlannedOperation>({
  id: string,
  at: finite,
  name: checked((name) => checkName(name, 'operation')),
  input: optional(json),
  inputRef: optional(valueReference),
  reminder: optional(string),
  every: optional(finite),
});
