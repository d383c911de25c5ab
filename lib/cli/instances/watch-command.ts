import { Command } from 'commander';
import type { OrchestrationStatus } from '../../client/orchestration-status.js';
import { OrchestrationCanceledError, OrchestrationFailedError, OrchestrationTerminatedError } from '../../errors.js';
import { onHub, withClient, type HubOptions } from '../hubs/connection.js';
import { examples, tellOne } from '../output.js';
import { paint, paintStatus } from '../paint.js';
import { harmless, timeText, valueText } from '../text.js';

/** `perdure watch`. */
export function watchCommand(): Command {
  return onHub(new Command('watch'))
    .description(
      'Print how an instance stands, and each change of it, until it has ended. Exit code 5: it failed, was terminated or was canceled.',
    )
    .argument('<instance>', 'its id')
    .addHelpText(
      'after',
      examples('perdure watch bank order-17', `perdure watch bank order-17 --json | jq .customStatus`),
    )
    .action((hub: string, instance: string, options: HubOptions) =>
      withClient(hub, options, async (client) => {
        for await (const status of client.getHandle(instance).watch()) {
          tellOne(options, status, () => [lineOf(status)]);
          throwBadEnd(status);
        }
      }),
    );
}

function lineOf({
  runtimeStatus,
  lastUpdatedTime,
  customStatus,
  output,
  historyLength,
  reason,
}: OrchestrationStatus): string {
  const parts = [paint('dim', timeText(lastUpdatedTime).padEnd(24)), paintStatus(runtimeStatus)];
  if (historyLength !== undefined) parts.push(paint('dim', `${historyLength} events`));
  if (customStatus !== undefined) parts.push(valueText(customStatus));
  if (output !== undefined) parts.push(`returned ${valueText(output)}`);
  if (reason !== undefined) parts.push(harmless(reason));
  return parts.join('  ');
}

function throwBadEnd({ instanceId, runtimeStatus, failure, reason, output }: OrchestrationStatus): void {
  if (runtimeStatus === 'Failed')
    throw new OrchestrationFailedError(instanceId, failure ?? { name: 'Error', message: 'it does not say why' });
  if (runtimeStatus === 'Terminated') throw new OrchestrationTerminatedError(instanceId, reason, output);
  if (runtimeStatus === 'Canceled') throw new OrchestrationCanceledError(instanceId, reason);
}
