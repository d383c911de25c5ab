import { registeredFunctions } from '../functions/registered-function.js';

/** The kinds of durable functions. */
export type DurableTrigger = 'activityTrigger' | 'orchestrationTrigger' | 'entityTrigger';

/** A name as the app has registered it: names of functions are the same in capitals and not. */
export function knownName(kind: DurableTrigger, name: string): string {
  const functions = registeredFunctions();
  if (functions.get(name)?.options.trigger.type === kind) return name;
  const folded = name.toLowerCase();
  for (const { name: known, options } of functions.values())
    if (options.trigger.type === kind && known.toLowerCase() === folded) return known;
  return name;
}
