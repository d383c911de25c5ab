import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Logger, StoredMessage, Subscription } from '../../../lib/engine/ports.js';
import type { NatsHub } from '../../../lib/nats/hub.js';
import { MailConsumer } from '../../../lib/nats/mail-consumer.js';
import type { LogAudit } from './log-audit.js';

/**
 * Reads every record of every log for the audit, beside the workers and by a connection of its own, and keeps it in a file of
 * the folder, for whoever has to find out why.
 */
export function readLogs(hub: NatsHub, folder: string, audit: LogAudit, logger: Logger): Subscription {
  const readers = Array.from({ length: hub.partitions }, (_, at) => readLog(hub, at, folder, audit, logger));
  return {
    close: () => {
      for (const reader of readers) reader.close();
    },
  };
}

function readLog(
  { jetStream, subjects }: NatsHub,
  partition: number,
  folder: string,
  audit: LogAudit,
  logger: Logger,
): Subscription {
  const stream = subjects.partition(partition).streamName('log');
  const file = createWriteStream(join(folder, `log-${partition}.jsonl`));
  const take = async (batch: readonly StoredMessage[]): Promise<void> => {
    for (const message of batch) {
      const { sequence, time, body } = message;
      file.write(`{"sequence":${sequence},"time":${time},"record":${new TextDecoder().decode(body)}}\n`);
      audit.take(partition, message);
    }
  };
  const losses = {
    onGap: (from: number, to: number) => audit.miss(partition, from, to),
    onRegressed: (sequence: number) => {
      audit.violations.push(`Stream ${stream} went back to ${sequence}`);
    },
  };
  const consumer = new MailConsumer(jetStream, stream, 1, take, losses, logger);
  return {
    close: () => {
      consumer.close();
      file.end();
    },
  };
}
