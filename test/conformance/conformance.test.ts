import test from 'ava';
import fc from 'fast-check';
import { amount } from '../amount.js';
import { startTestServer, type TestServer } from '../servers.js';
import { openerOf } from './deviant-twins.js';
import { deviations } from './deviations.js';
import { lastingLists, lists, PAUSE } from './lists.js';
import { compare, type Recording } from './recording.js';
import { difference, trace } from './trace.js';

/** Draws the lists. */
const seed = Number(process.env['PERDURE_SEED'] ?? 1);
const listCount = amount(120, 3_000);
const lastingCount = 16;
const lastingRounds = amount(1, 10);

/** After 10 s tasks come again: a list in which no time is to go by must be over before. In milliseconds. */
const LIMIT = 9_000;
/** What the operations of a lasting list may take beside its pauses. */
const LASTING_LIMIT = 2 * PAUSE + 3_000;

/** A list that fails is made smaller for so long. In milliseconds. */
const inTime = { interruptAfterTimeLimit: amount(300_000, 3_000_000), markInterruptAsFailure: true };

let server: TestServer;
const recordings: Recording[] = [];

/** Time goes by while other lists are compared. */
let lasting: Promise<Recording[]>;
const toldOfLasting: string[] = [];

test.before(async () => {
  server = await startTestServer();
  lasting = compareLasting();
  lasting.catch(() => {}); // seen when its turn comes
});

test.after.always(() => server.stop());

async function compareLasting(): Promise<Recording[]> {
  const tell = (what: string): void => void toldOfLasting.push(what);
  const drawn = fc.sample(lastingLists, { seed, numRuns: lastingCount * lastingRounds });
  const compared: Recording[] = [];
  while (drawn.length > 0)
    compared.push(
      ...(await Promise.all(
        drawn.splice(0, lastingCount).map((list) => compare(server.url, list, LASTING_LIMIT, tell)),
      )),
    );
  return compared;
}

test.serial(
  `PERDURE_SEED=${seed}: the twin answers ${listCount} lists of operations as a real server does`,
  async (t) => {
    t.timeout(3_600_000);
    const property = fc.asyncProperty(lists, async (list) => {
      recordings.push(await compare(server.url, list, LIMIT, (what) => t.log(what)));
    });
    await fc.assert(property, { ...inTime, seed, numRuns: listCount, includeErrorInReport: true });
    t.log(`${operationsOf(recordings)} operations`);
    t.pass();
  },
);

test.serial(
  `PERDURE_SEED=${seed}: and as time goes by: tasks that come again, values that are forgotten`,
  async (t) => {
    t.timeout(3_600_000);
    const compared = await lasting;
    t.is(compared.length, lastingCount * lastingRounds);
    for (const what of toldOfLasting) t.log(what);
    t.log(`${operationsOf(compared)} operations`);
    recordings.push(...compared);
  },
);

const operationsOf = (compared: readonly Recording[]): number =>
  compared.reduce((sum, { list }) => sum + list.length, 0);

for (const [number, { what }] of deviations.entries())
  test.serial(`a twin that differs is found: ${what}`, async (t) => {
    const openDeviant = await openerOf(number);
    for (const { list, real } of recordings) {
      const found = difference(list, { real, deviant: await trace(openDeviant(), list, real) });
      if (found !== undefined) return t.pass(found);
    }
    t.fail(`${recordings.length} lists did not find it`);
  });
