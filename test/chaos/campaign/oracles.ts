import { setTimeout as delay } from 'node:timers/promises';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NotFoundError, type TaskHubClient } from 'perdure';
import type { Accepted, Seen, Started } from './accepted.js';
import { count, has, type Marks } from './marks.js';
import { held, inParallel, isLocked, LATE, LOOK } from './final-states.js';
import { DEPOSIT, evict, follow, holds, purses, serve } from './orders.js';
import { judgePots } from './pot-oracle.js';
import { Alarm, Hold, isApproved, Journal, Purse, Vault, type Fired, type Move } from './programs.js';

/** What the oracles found, of all that was accepted. */
export interface Findings {
  /** Accepted and not there. */
  readonly lost: string[];
  /** There more often than once. */
  readonly duplicated: string[];
  /** Before something that the same sender had sent earlier. */
  readonly disordered: string[];
  /** Seen in an order in which no serial run shows it. */
  readonly notLinear: string[];
  /** Money, results, timers and activities that are not as they must be. */
  readonly wrong: string[];
  /** Not ended in time. */
  readonly unended: string[];
  readonly checked: {
    notes: number;
    orchestrations: number;
    activities: number;
    activityRuns: number;
    /** Activities that were run more than once. */
    activitiesRunAgain: number;
    /** Journals, and the operations and exact reads of them that saw a version. */
    histories: number;
    versions: number;
    timers: number;
    updates: number;
    largeValues: number;
    transactions: number;
  };
}

const noFindings = (): Findings => ({
  lost: [],
  duplicated: [],
  disordered: [],
  notLinear: [],
  wrong: [],
  unended: [],
  checked: {
    notes: 0,
    orchestrations: 0,
    activities: 0,
    activityRuns: 0,
    activitiesRunAgain: 0,
    histories: 0,
    versions: 0,
    timers: 0,
    updates: 0,
    largeValues: 0,
    transactions: 0,
  },
});

/** Judges everything that was accepted, by exact reads of what the entities hold now and by the activities' ledgers. */
export async function judge(accepted: Accepted, client: TaskHubClient, folder: string): Promise<Findings> {
  const findings = noFindings();
  /** A hub that a run has broken may not answer: that is a finding. */
  const look = async (what: string, run: () => Promise<void>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      findings.wrong.push(`${what} could not be judged: ${String(error)}`);
    }
  };
  await look('starts', () => settleUnknown(accepted, client));
  await look('journals', () => judgeJournals(accepted, client, findings));
  judgeVersions(accepted, findings);
  for (const [id, started] of accepted.orchestrations) judgeOrchestration(id, started, findings);
  await look('purses', () => judgePurses(accepted, client, findings));
  await look('vaults', () => judgeVaults(accepted, client, findings));
  await look('pots', () => judgePots(accepted, client, findings));
  await look('holds', () => judgeHolds(accepted, client, findings));
  await look('alarms', () => judgeAlarms(accepted, client, findings));
  await look('activities', () => judgeActivities(accepted, folder, findings));
  return findings;
}

/** A start whose outcome nobody knew has come to pass or not, once and for all: nobody sends it again now. */
async function settleUnknown({ orchestrations }: Accepted, client: TaskHubClient): Promise<void> {
  const unknown = [...orchestrations].filter(([, { isAccepted }]) => !isAccepted);
  await inParallel(unknown, async ([id, started]) => {
    const handle = client.getHandle(id);
    try {
      await handle.status();
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      orchestrations.delete(id);
      return;
    }
    // Nobody has sent anything to a start that nobody knew of: it has waited for that until now.
    if (started.kind === 'approval' || started.kind === 'desk') started.since = Date.now();
    if (started.kind === 'approval') await handle.raiseEvent('Word', started.input);
    if (started.kind === 'desk') await serve(started, client, id);
    if (started.kind === 'squatter') await evict(handle);
    await follow(started, handle, LATE);
    // Nobody has waited for its end.
    if (started.endedAt !== undefined) started.endedAt = (await handle.status()).lastUpdatedTime.getTime();
  });
}

async function judgeJournals(accepted: Accepted, client: TaskHubClient, findings: Findings): Promise<void> {
  await inParallel([...accepted.notes], async ([journal, senders]) => {
    const entityState = await held(client, Journal, journal);
    const marks = entityState?.marks ?? {};
    for (const [sender, sent] of senders) {
      const own = marks[sender] ?? { ranges: [], late: [] };
      const name = `note of ${sender} for ${journal}`;
      for (const number of sent.accepted) if (!has(own, number)) findings.lost.push(`${name}: ${number}`);
      judgeLate(name, own, findings);
      findings.checked.notes += sent.accepted.length;
      // More than was ever sent, or counted by nobody.
      if (count(own) > sent.accepted.length + sent.unknown.length) findings.wrong.push(`${name}: ${count(own)} seen`);
    }
  });
  for (const [from, { to, accepted: stored, unknown }] of accepted.relays) {
    const own = await relayed(client, from, to, stored);
    const name = `note relayed from ${from} to ${to}`;
    judgeLate(name, own, findings);
    if (count(own) < stored) findings.lost.push(`${name}: ${count(own)} of ${stored}`);
    if (count(own) > stored + unknown) findings.duplicated.push(`${name}: ${count(own)} of ${stored}`);
    findings.checked.notes += stored;
  }
}

/** What a journal has seen of another's relays. The last ones may be on their way, which no read of either shows. */
async function relayed(client: TaskHubClient, from: string, to: string, stored: number): Promise<Marks> {
  for (let waited = 0; ; waited += LOOK) {
    const own = (await held(client, Journal, to))?.marks[`relay-${from}`] ?? { ranges: [], late: [] };
    if (count(own) >= stored || waited >= LATE) return own;
    await delay(LOOK);
  }
}

/** A late number that was seen before is a copy; one that was not came behind a later one. */
function judgeLate(name: string, marks: Marks, findings: Findings): void {
  for (const number of marks.late)
    (has(marks, number) ? findings.duplicated : findings.disordered).push(`${name}: ${number}`);
}

/**
 * Each operation of a journal takes the next version. What ended before something else began has a lower version; a read
 * may see the version that a former one saw.
 */
function judgeVersions({ seen }: Accepted, findings: Findings): void {
  for (const [journal, all] of seen) {
    findings.checked.histories++;
    findings.checked.versions += all.length;
    const calls = new Map<number, Seen>();
    for (const one of all) {
      const other = one.isRead ? undefined : calls.get(one.version);
      if (other)
        findings.duplicated.push(`version ${one.version} of ${journal}: told to ${whenOf(one)} and ${whenOf(other)}`);
      if (!one.isRead) calls.set(one.version, one);
    }
    const byBegin = all.toSorted((a, b) => a.began - b.began);
    const byEnd = all.toSorted((a, b) => a.ended - b.ended);
    let at = 0;
    let highest: Seen | undefined;
    for (const one of byBegin) {
      for (; byEnd[at]!.ended < one.began; at++)
        if (!highest || byEnd[at]!.version > highest.version) highest = byEnd[at];
      if (highest && isBehind(one, highest.version))
        findings.notLinear.push(
          `${journal}: ${one.version} (${whenOf(one)}) was seen after ${highest.version} (${whenOf(highest)})`,
        );
    }
  }
}

function whenOf({ by, began, ended }: Seen): string {
  return `${by} from ${Math.round(began)} to ${Math.round(ended)}`;
}

function isBehind({ isRead, version }: Seen, highest: number): boolean {
  return isRead ? version < highest : version <= highest;
}

function judgeOrchestration(id: string, started: Started, findings: Findings): void {
  const { kind, expected, endedAt, output, error } = started;
  findings.checked.orchestrations++;
  if (error === 'lost') return void findings.lost.push(`orchestration ${id}`);
  if (endedAt === undefined) return void findings.unended.push(id);
  if (kind === 'squatter') {
    if (!error?.includes('terminated')) findings.wrong.push(`${id} ended with ${error ?? JSON.stringify(output)}`);
    return;
  }
  if (error !== undefined) return void findings.wrong.push(`${id} ended with ${error}`);
  if (expected !== undefined && output !== expected)
    findings.wrong.push(`${id} returned ${JSON.stringify(output)}, not ${JSON.stringify(expected)}`);
  if (kind === 'desk') judgeUpdates(id, started, findings);
  if (kind !== 'nap') return;
  const { due, fired } = output as Fired;
  if (fired < due || endedAt < due)
    findings.wrong.push(`${id} was due at ${due}, fired at ${fired}, told at ${endedAt}`);
}

/** An update that was answered is in its place; none is there twice. */
function judgeUpdates(id: string, { output, answers }: Started, findings: Findings): void {
  const taken = String(output).split(' ').map(Number);
  findings.checked.updates += answers.length;
  for (const [number, place] of answers) {
    if (!taken.includes(number)) findings.lost.push(`update ${number} of ${id}`);
    else if (taken[place - 1] !== number)
      findings.wrong.push(`update ${number} of ${id} is not at ${place}: ${taken.join(' ')}`);
  }
  if (new Set(taken).size < taken.length) findings.duplicated.push(`updates of ${id}: ${taken.join(' ')}`);
}

/** Each hold has counted the cargoes that were brought to it, and perhaps those of which nobody knows the end. */
async function judgeHolds({ orchestrations }: Accepted, client: TaskHubClient, findings: Findings): Promise<void> {
  const cargoes = [...orchestrations.values()].filter(({ kind }) => kind === 'cargo');
  for (const hold of holds) {
    const here = cargoes.filter(({ input }) => (input as { readonly hold: string }).hold === hold);
    const brought = here.filter(({ endedAt }) => endedAt !== undefined).length;
    const { count: counted = 0, text = '' } = (await held(client, Hold, hold)) ?? {};
    findings.checked.largeValues += counted;
    if (counted < brought) findings.lost.push(`cargo in ${hold}: ${counted} of ${brought}`);
    if (counted > here.length) findings.duplicated.push(`cargo in ${hold}: ${counted} of ${here.length}`);
    if (counted > 0 && text.length !== 270_001)
      findings.wrong.push(`the cargo in ${hold} has ${text.length} characters`);
  }
}

async function judgePurses({ orchestrations }: Accepted, client: TaskHubClient, findings: Findings): Promise<void> {
  const expected = new Map(purses.map((purse) => [purse, DEPOSIT]));
  for (const [id, { kind, input, output }] of orchestrations) {
    if (kind !== 'move') continue;
    const { from, to, amount } = input as Move;
    if (output !== 'refused' && (output === 'moved') !== isApproved(id))
      findings.wrong.push(`${id}: ${String(output)}`);
    if (output !== 'moved') continue;
    expected.set(from, expected.get(from)! - amount);
    expected.set(to, expected.get(to)! + amount);
  }
  let total = 0;
  for (const [purse, balance] of expected) {
    const money = (await held(client, Purse, purse))?.balance ?? 0;
    total += money;
    if (money !== balance) findings.wrong.push(`purse ${purse} holds ${money}, not ${balance}`);
  }
  if (total !== purses.length * DEPOSIT)
    findings.wrong.push(`all purses hold ${total}, not ${purses.length * DEPOSIT}`);
}

/** What was moved under locks is all there, and nobody who has ended has left a lock. */
async function judgeVaults({ orchestrations }: Accepted, client: TaskHubClient, findings: Findings): Promise<void> {
  const moved = new Map<string, number>(purses.map((vault) => [vault, 0]));
  for (const { kind, input, output } of orchestrations.values()) {
    if (kind !== 'deal' || output !== 'dealt') continue;
    const { from, to, amount } = input as Move;
    moved.set(from, moved.get(from)! - amount);
    moved.set(to, moved.get(to)! + amount);
  }
  const hasUnended = [...orchestrations.values()].some(({ endedAt }) => endedAt === undefined);
  await inParallel([...moved], async ([vault, expected]) => {
    const balance = (await held(client, Vault, vault))?.balance ?? 0;
    if (balance !== expected) findings.wrong.push(`vault ${vault} holds ${balance}, not ${expected}`);
    if (!hasUnended && (await isLocked(client, Vault, vault)))
      findings.wrong.push(`vault ${vault} is locked for nobody`);
  });
}

async function judgeAlarms({ orchestrations }: Accepted, client: TaskHubClient, findings: Findings): Promise<void> {
  const naps = [...orchestrations].filter(([, { kind, endedAt }]) => kind === 'nap' && endedAt !== undefined);
  await inParallel(naps, async ([id]) => {
    findings.checked.timers++;
    const rings = (await held(client, Alarm, id))?.rings ?? 0;
    if (rings < 1) findings.lost.push(`timer of ${id}`);
    if (rings > 1) findings.duplicated.push(`timer of ${id}: ${rings}`);
  });
}

/** How many different activities an instance must have run; those of a parent are its children's. */
const activities: Readonly<Record<string, number>> = { chain: 3, fan: 10, rounds: 3, errand: 2, cargo: 1, deal: 1 };

async function judgeActivities({ orchestrations }: Accepted, folder: string, findings: Findings): Promise<void> {
  const runs = await ledgersOf(folder);
  for (const keys of runs.values())
    for (const times of keys.values()) {
      findings.checked.activities++;
      findings.checked.activityRuns += times;
      if (times > 1) findings.checked.activitiesRunAgain++;
    }
  const expect = (id: string, wanted: number): void => {
    const found = runs.get(id)?.size ?? 0;
    if (found < wanted) findings.lost.push(`activities of ${id}: ${found} of ${wanted}`);
    if (found > wanted) findings.duplicated.push(`activities of ${id}: ${found} of ${wanted}`);
  };
  for (const [id, { kind, output, endedAt }] of orchestrations) {
    if (endedAt === undefined) continue;
    if (kind === 'parent') for (const child of ['a', 'b']) expect(`${id}-${child}`, activities['chain']!);
    else expect(id, kind === 'move' ? Number(output !== 'refused') : (activities[kind] ?? 0));
  }
}

/** instance -> idempotency key -> how often it was run. A line that a kill cut off is of a run as well. */
async function ledgersOf(folder: string): Promise<Map<string, Map<string, number>>> {
  const runs = new Map<string, Map<string, number>>();
  for (const file of await readdir(folder)) {
    if (!file.endsWith('.ledger')) continue;
    for (const line of (await readFile(join(folder, file), 'utf8')).split('\n')) {
      const [key] = line.split(' ');
      const [instance, execution, task] = key?.split('/') ?? [];
      if (!key || !instance || !execution || !task) continue;
      const keys = runs.get(instance) ?? new Map<string, number>();
      runs.set(instance, keys.set(key, (keys.get(key) ?? 0) + 1));
    }
  }
  return runs;
}
