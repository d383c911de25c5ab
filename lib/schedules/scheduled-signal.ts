import { OrchestrationContext } from '../core/orchestration-context.js';
import { defineOrchestrator } from '../definitions/define.js';
import { SCHEDULED_SIGNAL, type ScheduledSignalInput } from '../wire/scheduled-signal.js';

/** A signal whose time has come. */
export class ScheduledSignal {
  run({ entity, operation, input }: ScheduledSignalInput, ctx: OrchestrationContext): void {
    ctx.signalEntity(entity.name, entity.key, operation, input);
  }
}

defineOrchestrator(ScheduledSignal, { name: SCHEDULED_SIGNAL, input: 'unknown', retention: 'purgeOnCompletion' });
