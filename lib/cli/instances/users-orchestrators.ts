import type { OrchestratorObject } from '../../core/proxies.js';
import type { Constructor } from '../../core/values.js';
import { ownRecord } from '../../definitions/class-record.js';
import { ConfigError } from '../../errors.js';
import { moduleAt } from '../users-module.js';

/** The orchestrators that a module of a user's exports. Throws ConfigError. */
export async function orchestratorsOf(module: string): Promise<readonly Constructor<OrchestratorObject>[]> {
  const found = Object.values(await moduleAt(module, 'module')).filter(
    (value): value is Constructor<OrchestratorObject> => typeof value === 'function' && isOrchestrator(value),
  );
  if (found.length > 0) return found;
  throw new ConfigError(`module: ${module} exports no class of an orchestrator.`);
}

function isOrchestrator({ prototype }: { readonly prototype: unknown }): boolean {
  return typeof prototype === 'object' && prototype !== null && ownRecord(prototype)?.orchestrator !== undefined;
}
