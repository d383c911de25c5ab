import { encodeNotice, encodeNotices } from '../wire/query-codec.js';
import type { Notice } from '../wire/queries.js';
import type { PartitionPorts } from './ports.js';

type NoticePorts = Pick<PartitionPorts, 'bus' | 'maxBodyBytes'>;

/** So many notices travel in one message at most. */
const MOST_TOGETHER = 100;

/** Tells a client something; of what is too large for a message only that it has to ask. */
export function tell({ bus, maxBodyBytes }: NoticePorts, inbox: string, notice: Notice): void {
  const body = encodeNotice(notice);
  if (body.length <= maxBodyBytes) return bus.publish(inbox, body);
  if (notice.kind !== 'ended') return; // the client asks for it
  const { output: _output, failure: _failure, ...short } = notice;
  bus.publish(inbox, encodeNotice({ ...short, ask: true }));
}

/** Tells clients what a record has brought: what goes to one inbox in as few messages as it fits in. */
export function tellAll(ports: NoticePorts, notices: readonly (readonly [inbox: string, notice: Notice])[]): void {
  if (notices.length < 2) {
    for (const [inbox, notice] of notices) tell(ports, inbox, notice);
    return;
  }
  const byInbox = new Map<string, Notice[]>();
  for (const [inbox, notice] of notices) {
    const others = byInbox.get(inbox);
    if (others) others.push(notice);
    else byInbox.set(inbox, [notice]);
  }
  for (const [inbox, all] of byInbox)
    for (let at = 0; at < all.length; at += MOST_TOGETHER)
      tellTogether(ports, inbox, all.slice(at, at + MOST_TOGETHER));
}

function tellTogether(ports: NoticePorts, inbox: string, notices: readonly Notice[]): void {
  const body = notices.length > 1 ? encodeNotices(notices) : undefined;
  if (body && body.length <= ports.maxBodyBytes) return ports.bus.publish(inbox, body);
  for (const notice of notices) tell(ports, inbox, notice);
}
