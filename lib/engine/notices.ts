import { encodeNotice } from '../wire/query-codec.js';
import type { Notice } from '../wire/queries.js';
import type { PartitionPorts } from './ports.js';

/** Tells a client something; of what is too large for a message only that it has to ask. */
export function tell(
  { bus, maxBodyBytes }: Pick<PartitionPorts, 'bus' | 'maxBodyBytes'>,
  inbox: string,
  notice: Notice,
): void {
  const body = encodeNotice(notice);
  if (body.length <= maxBodyBytes) return bus.publish(inbox, body);
  if (notice.kind === 'outcome') return; // the client asks for it
  const { output: _output, failure: _failure, ...short } = notice;
  bus.publish(inbox, encodeNotice({ ...short, ask: true }));
}
