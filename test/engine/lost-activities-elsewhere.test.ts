import test from 'ava';
import { nothingFetched } from '../../lib/engine/fetched-values.js';
import { OrchestrationActivation } from '../../lib/engine/orchestration-activation.js';
import { MOST_LOST } from '../../lib/engine/orchestration-activities.js';
import { OrchestrationState } from '../../lib/engine/orchestration-state.js';
import type { OrchestrationHead } from '../../lib/wire/head.js';
import { hostOf, recordingLogger } from './surroundings.js';

const head: OrchestrationHead = {
  v: 1,
  type: 'orchestration',
  epoch: 1,
  logSeq: 1,
  commit: 'c',
  instanceId: 'i',
  name: 'elsewhere',
  executionId: 'e',
  status: 'Running',
  createdAt: 1,
  updatedAt: 1,
  begun: [{ id: 0, attempt: MOST_LOST, lost: MOST_LOST - 1 }],
  segments: [],
  history: [
    { type: 'ExecutionStarted', at: 1, name: 'elsewhere', executionId: 'e' },
    { type: 'TaskScheduled', id: 0, name: 'deadly' },
  ],
};

test('an activity is given up by an owner that has not the code which waits for it: that is left to whoever has it', (t) => {
  const ports = { random: { id: () => 'id' }, logger: recordingLogger([]) };
  const state = OrchestrationState.from(head, [], []);
  const stored = { segments: () => Promise.resolve([]), childrenOf: () => Promise.resolve([]) };
  const activation = new OrchestrationActivation('i', hostOf({}), ports, stored, state);
  const output = activation.step({ kind: 'restart', executionId: 'e', ids: [0] }, 5, nothingFetched);
  t.like(output, { entry: { buffered: [{ type: 'TaskFailed', at: 5, id: 0 }] }, goesOn: true });
  activation.apply({ to: 'o.i', ...(output as { entry: object }).entry });
  t.deepEqual(activation.foreignCode({ kind: 'resume' }, 6), {
    kind: 'orchestrator',
    name: 'elsewhere',
    version: undefined,
  });
});
