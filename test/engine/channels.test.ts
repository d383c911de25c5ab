import test from 'ava';
import { ChannelMarks } from '../../lib/engine/channel-marks.js';
import { Channels } from '../../lib/engine/channels.js';
import { Loops } from '../../lib/engine/loops.js';
import type { PartitionPorts } from '../../lib/engine/ports.js';
import { PartitionTables } from '../../lib/engine/tables.js';

/** Output of a record for partition 1. */
function add(tables: PartitionTables, n: number): void {
  const channel = tables.channel(1);
  channel.pending.push({ n, prev: channel.last, messages: ['[]'] });
  channel.last = n;
}

test('P2: what is committed in the moment in which an envelope is acknowledged leaves at once', async (t) => {
  // Without a next flush it would wait until the receiver is found to stand still: seconds.
  for (let jobs = 0; jobs < 12; jobs++) {
    const tables = new PartitionTables();
    let sends = 0;
    const ports = {
      subjects: { partition: 0 },
      clock: { now: () => 0 },
      mailOf: () => ({ send: async () => ++sends }),
    } as unknown as PartitionPorts;
    const channels = new Channels(
      tables,
      ports,
      () => 'x',
      () => t.fail(),
      new Loops(ports.clock),
    );
    add(tables, 1);
    channels.flush(1);
    for (let job = 0; job < jobs; job++) await Promise.resolve();
    add(tables, 2);
    channels.flush(1);
    await new Promise((resolve) => setImmediate(resolve));
    t.is(sends, 2, `after ${jobs} promise jobs`);
  }
});

test('C4: only what follows the mark of its channel can be handed over', (t) => {
  const received = new Map([
    [1, 2],
    [2, 5],
  ]);
  const marks = new ChannelMarks({ received, partly: new Map([[2, [6, 1]]]) });
  t.true(marks.precedes(1, 2));
  t.false(marks.precedes(1, 1)); // a copy
  t.false(marks.precedes(1, 3)); // behind a gap
  t.false(marks.precedes(2, 5)); // the rest of an entry that came in part is to come
  t.true(marks.precedes(3, 0));
  marks.passed(1, 4);
  t.deepEqual([marks.precedes(1, 2), marks.precedes(1, 4)], [false, true]);
});
