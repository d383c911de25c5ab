import { commitText, encodeCommit, encodeEpoch } from '../../lib/wire/record-codec.js';
import { LogAudit } from './campaign/log-audit.js';

/** An audit of two partitions, and records for it: each follows the one before it, unless it is said. */
export function startAudit() {
  const audit = new LogAudit(2);
  const append = (partition: number, time: number, encode: (sequence: number, prev: number) => Uint8Array): void => {
    const prev = audit.readUpTo[partition]!;
    audit.take(partition, { sequence: prev + 1, subject: 'log', time, body: encode(prev + 1, prev) });
  };
  return {
    audit,
    begin: (epoch: number, pid: number, time = 0, partition = 0) =>
      append(partition, time, (sequence, prev) =>
        encodeEpoch({ epoch, commit: `c${sequence}`, prev, at: 0, owner: `host.${pid}.1` }),
      ),
    commit: (epoch: number, time = 0, partition = 0, follows?: number) =>
      append(partition, time, (sequence, prev) => {
        const fields = {
          v: 1,
          epoch,
          commit: `c${sequence}`,
          prev: follows ?? prev,
          at: 0,
          counter: sequence,
        } as const;
        return encodeCommit(commitText(fields, []));
      }),
  };
}
