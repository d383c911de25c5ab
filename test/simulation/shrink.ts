import type { Fault } from '../../lib/memory/faults.js';
import type { Incident, Plan } from './chaos.js';
import type { LifeAction, LifeStart, LifeStep } from './lifecycle-script.js';
import type { Action, ClientAction, Program } from './script.js';
import type { WorkersPlan } from './workers.js';

/** A program and what goes wrong with it. */
export interface Case {
  readonly program: Program;
  readonly plan: Plan;
}

/** Whether a case still fails. */
export type Fails = (candidate: Case) => Promise<boolean>;

/** So many runs are tried at most. */
const BUDGET = 600;

/**
 * Makes a failing case small: faults first, by delta debugging, then what the clients and their orchestrators do, one
 * thing after another. Every step fails as the whole did.
 */
export async function shrink(failing: Case, fails: Fails): Promise<Case> {
  let left = BUDGET;
  const stillFails: Fails = async (candidate) => left-- > 0 && fails(candidate);
  const faults = await smallestFaults(failing, stillFails);
  return smallestProgram(faults, stillFails);
}

/** The same for what goes wrong with workers: first that all of them are near, and that no call is lost. */
export async function shrinkWorkers(
  failing: WorkersPlan,
  fails: (candidate: WorkersPlan) => Promise<boolean>,
): Promise<WorkersPlan> {
  let found = failing;
  for (const without of [{ far: undefined }, { loss: 0 }]) {
    const candidate = { ...found, ...without };
    if (await fails(candidate)) found = candidate;
  }
  return { ...found, incidents: await smallest(found.incidents, (incidents) => fails({ ...found, incidents })) };
}

type PlannedFault = Incident | readonly [call: string, fault: Fault];

async function smallestFaults({ program, plan }: Case, fails: Fails): Promise<Case> {
  const faults: PlannedFault[] = [...plan.incidents, ...Object.entries(plan.calls ?? {})];
  const caseOf = (kept: readonly PlannedFault[]): Case => ({ program, plan: planOf(kept, plan) });
  return caseOf(await smallest(faults, (kept) => fails(caseOf(kept))));
}

function planOf(faults: readonly PlannedFault[], { limits, replicas }: Plan): Plan {
  const isCall = (fault: PlannedFault): fault is readonly [string, Fault] => Array.isArray(fault);
  return {
    incidents: faults.filter((fault): fault is Incident => !isCall(fault)),
    calls: Object.fromEntries(faults.filter(isCall)),
    ...(replicas !== undefined && { replicas }),
    ...(limits && Object.keys(limits).length > 0 && { limits }),
  };
}

/** Delta debugging: a subset that fails, and no part of it can be left away. */
async function smallest<T>(
  items: readonly T[],
  fails: (kept: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let kept = items;
  for (let size = Math.ceil(kept.length / 2); size >= 1;) {
    let isSmaller = false;
    for (let at = 0; at < kept.length;) {
      const without = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (await fails(without)) {
        kept = without;
        isSmaller = true;
      } else at += size;
    }
    if (size === 1 && !isSmaller) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
  }
  return kept;
}

async function smallestProgram(failing: Case, fails: Fails): Promise<Case> {
  let found = failing;
  for (let isSmaller = true; isSmaller;) {
    isSmaller = false;
    for (const program of smallerPrograms(found.program)) {
      const candidate = { ...found, program };
      if (!(await fails(candidate))) continue;
      found = candidate;
      isSmaller = true;
      break;
    }
  }
  return found;
}

/** Every program that lacks one thing. */
function* smallerPrograms(program: Program): Generator<Program> {
  for (const [at, client] of program.clients.entries())
    for (const actions of smallerLists<ClientAction>(client.actions, smallerStart))
      yield { ...program, clients: program.clients.with(at, { ...client, actions }) };
}

function* smallerStart(action: ClientAction): Generator<ClientAction> {
  if (action.do === 'live') for (const steps of smallerLists(action.steps, smallerStep)) yield { ...action, steps };
  if (action.do !== 'start') return;
  for (const actions of smallerLists(action.actions, smallerAction)) yield { ...action, actions };
}

function* smallerStep(step: LifeStep): Generator<LifeStep> {
  if (step.do === 'starts') for (const of of smallerLists(step.of, smallerLife)) yield { ...step, of };
}

function* smallerLife(start: LifeStart): Generator<LifeStart> {
  for (const actions of smallerLists(start.actions, smallerOfLife)) yield { ...start, actions };
}

function* smallerOfLife(action: LifeAction): Generator<LifeAction> {
  if (action.do === 'child' || action.do === 'beside' || action.do === 'startNew' || action.do === 'leave')
    for (const of of smallerLists(action.of, smallerOfLife)) yield { ...action, of };
  if (action.do === 'all') for (const of of smallerLists(action.of, nothing)) yield { ...action, of };
  if (action.do === 'settled') for (const of of smallerLists(action.of, nothing)) yield { ...action, of };
}

function* smallerAction(action: Action): Generator<Action> {
  if (action.do === 'sub' || action.do === 'try')
    for (const of of smallerLists(action.of, smallerAction)) yield { ...action, of };
  if (action.do === 'all') for (const of of smallerLists(action.of, nothing)) yield { ...action, of };
}

function* nothing(): Generator<never> {}

/** The list without one item, or with a smaller one. */
function* smallerLists<T>(items: readonly T[], smaller: (item: T) => Generator<T>): Generator<readonly T[]> {
  for (let at = items.length - 1; at >= 0; at--) yield items.toSpliced(at, 1);
  for (const [at, item] of items.entries()) for (const other of smaller(item)) yield items.with(at, other);
}
