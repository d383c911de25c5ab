import { encodeText } from '../wire/text-encoding.js';
import type { HubPorts } from './ports.js';

/** So often an owner is asked, and so many milliseconds apart: one that takes over is there by then. */
const ASKED = 5;
const PATIENCE = 1_000;

/**
 * Resolves once the owner of a partition says that its views show what it had committed when it was asked; or when nobody has said so for
 * some time. One of an earlier version, which does not know the question, says so at once.
 */
export async function viewsStored(
  { bus, clock, random, subjects }: Pick<HubPorts, 'bus' | 'clock' | 'random' | 'subjects'>,
  partition: number,
): Promise<void> {
  const inbox = `${subjects.inboxPrefix}.${random.id()}`;
  const { queries } = subjects.partition(partition);
  let isSaid = false;
  let wake = (): void => {};
  const answers = bus.subscribe(inbox, (body) => {
    if (body.length === 0) return; // the server's word that nobody listens yet
    isSaid = true;
    wake();
  });
  for (let asked = 0; !isSaid && asked < ASKED; asked++) {
    const answered = new Promise<void>((resolve) => (wake = resolve));
    const cancel = clock.after(PATIENCE, () => wake());
    bus.publish(queries, encodeText(JSON.stringify({ v: 1, kind: 'stored' })), inbox);
    await answered;
    cancel();
  }
  answers.close();
}
