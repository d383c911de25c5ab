import { readFileSync } from 'node:fs';
import { ofActivities } from './activities.js';
import { ofCalls } from './calls.js';
import { ofCycles } from './cycles.js';
import { ofInstances } from './instances.js';
import { ofLifecycles } from './lifecycles.js';
import { ofLocks } from './locks.js';
import { ofMail } from './mail.js';
import { changing, miniature, type Mutant } from './mutant.js';
import { ofParking } from './parking.js';
import { ofReads } from './reads.js';
import { ofRecords } from './records.js';
import { ofStates } from './states.js';
import { ofStorage } from './storage.js';
import { ofTimes } from './times.js';
import { ofTransactions } from './transactions.js';
import { ofValues } from './values.js';
import { ofViews } from './views.js';
import { ofWorkers } from './workers.js';

export const mutants: readonly Mutant[] = [
  { rule: 'none', what: 'a library with small limits', edits: miniature, isHealthy: true },
  { rule: 'none', what: 'a library whose states go by what has changed', edits: changing, isHealthy: true },
  ...ofRecords,
  ...ofMail,
  ...ofInstances,
  ...ofViews,
  ...ofReads,
  ...ofParking,
  ...ofValues,
  ...ofActivities,
  ...ofCalls,
  ...ofCycles,
  ...ofStorage,
  ...ofWorkers,
  ...ofLifecycles,
  ...ofLocks,
  ...ofTransactions,
  ...ofStates,
  ...ofTimes,
];

/** A mutant as the tests name it. */
export const nameOf = ({ rule, what }: Mutant): string => `${rule}: ${what}`;

/** Where the seeds are kept that are known to kill mutants, by the mutants' names; `search.ts` writes it. */
export const SEEDS = 'test/simulation/mutants/seeds.json';

/** The first seed known to kill a mutant; undefined: none is. */
export const knownSeeds: Readonly<Record<string, number>> = JSON.parse(readFileSync(SEEDS, 'utf8')) as Record<
  string,
  number
>;
