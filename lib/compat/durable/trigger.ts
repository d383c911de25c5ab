import type { FunctionTrigger } from '../functions/bindings.js';
import { generic } from '../functions/trigger.js';

/** What calls an activity. */
export interface ActivityTrigger extends FunctionTrigger {
  /** The kind. */
  type: 'activityTrigger';
}

/** What calls an orchestrator. */
export interface OrchestrationTrigger extends FunctionTrigger {
  /** The kind. */
  type: 'orchestrationTrigger';
}

/** What calls an entity. */
export interface EntityTrigger extends FunctionTrigger {
  /** The kind. */
  type: 'entityTrigger';
}

/** The trigger of an activity. */
export function activity(): ActivityTrigger {
  return generic({ type: 'activityTrigger' }) as ActivityTrigger;
}

/** The trigger of an orchestrator. */
export function orchestration(): OrchestrationTrigger {
  return generic({ type: 'orchestrationTrigger' }) as OrchestrationTrigger;
}

/** The trigger of an entity. */
export function entity(): EntityTrigger {
  return generic({ type: 'entityTrigger' }) as EntityTrigger;
}
