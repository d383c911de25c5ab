import test from 'ava';
import type { ExecutionStarted } from '../../lib/core/history.js';
import { OrchestratorCatalog } from '../../lib/core/orchestrator-catalog.js';
import { advertOf, readAdvert, type VersionedOrchestrator } from '../../lib/core/orchestrator-version.js';
import { rebuild } from '../../lib/core/rebuild.js';
import { newestBehaviour, recordedBehaviour } from '../../lib/core/replay-behaviour.js';
import { UnknownOrchestratorError, VersionTooNewError } from '../../lib/index.js';
import { dependencies, program } from './surroundings.js';

const plain = program(() => 1);
const identity = { instanceId: 'instance' };

function catalog(...versions: readonly Omit<VersionedOrchestrator, 'name'>[]): OrchestratorCatalog {
  return new OrchestratorCatalog(versions.map((version) => ({ ...plain, name: 'order', ...version })));
}

const version = (of: string, versionMatchStrategy?: VersionedOrchestrator['versionMatchStrategy']) => ({
  version: of,
  versionMatchStrategy,
});

test('a new instance begins with the newest version, numbers counted as numbers, or with the one that was asked for', (t) => {
  const orders = catalog(version('1.9'), {}, version('1.10'), version('1.2.3'));
  t.is(orders.toStart('order')?.version, '1.10');
  t.is(orders.toStart('order', '1.9')?.version, '1.9');
  t.is(orders.toStart('order', '2'), undefined);
  t.is(orders.toStart('other'), undefined);
  t.is(orders.size, 4);
  t.deepEqual(orders.names, ['order']);
});

test('strict: an instance is run by its own version only, one without a version by any, by code without one before all', (t) => {
  const orders = catalog(version('1'), version('2'));
  t.is(orders.get('order', '1')?.version, '1');
  t.is(orders.get('order', '3'), undefined);
  t.is(orders.get('order')?.version, '1', 'the oldest is the most like what it began with');
  const withOld = catalog(version('1'), {});
  t.deepEqual([withOld.get('order')?.version, withOld.get('order', '2')], [undefined, undefined]);
  t.truthy(withOld.get('order'));
});

test('currentOrOlder: an instance of an older version is run by the oldest code that is new enough', (t) => {
  const orders = catalog(version('1'), version('2', 'currentOrOlder'), version('3', 'currentOrOlder'));
  t.is(orders.get('order', '1')?.version, '1');
  t.is(orders.get('order', '1.5')?.version, '2');
  t.is(orders.get('order', '2.1')?.version, '3');
  t.is(orders.get('order', '3.1'), undefined);
});

test('none: the version of an instance is of no account', (t) => {
  const orders = catalog({ versionMatchStrategy: 'none' }, version('2'));
  t.is(orders.get('order', '2')?.version, '2');
  t.is(orders.get('order', '7')?.versionMatchStrategy, 'none');
});

test('an orchestrator that is missing is told with its version, and what there is', (t) => {
  const error = t.throws(() => catalog({}, version('1')).demand({ name: 'order', version: '2' }), {
    instanceOf: UnknownOrchestratorError,
  });
  t.is(error.orchestrator, 'order@2');
  t.deepEqual(error.registered, ['order', 'order@1']);
});

test('what is told to other workers is read as it was said', (t) => {
  const orders: VersionedOrchestrator[] = [
    { name: 'order', version: undefined, versionMatchStrategy: 'strict' },
    { name: 'order', version: undefined, versionMatchStrategy: 'none' },
    { name: 'order', version: '2.1+b-3_x', versionMatchStrategy: 'strict' },
    { name: 'order', version: '2', versionMatchStrategy: 'currentOrOlder' },
  ];
  t.deepEqual(orders.map(advertOf), ['order', 'order:none', 'order@2.1+b-3_x', 'order@2:currentOrOlder']);
  t.deepEqual(orders.map(advertOf).map(readAdvert), orders);
  t.deepEqual(readAdvert('order@2:later'), { name: 'order', version: '2', versionMatchStrategy: 'strict' });
});

test('an execution that a later build began, to be replayed in another way, is refused; the number is recorded', (t) => {
  const started: ExecutionStarted = { type: 'ExecutionStarted', at: 0, name: 'test', executionId: 'x' };
  const replay = (behaviour: number) => () => rebuild(plain, dependencies, identity, [{ ...started, behaviour }]);
  const error = t.throws(replay(newestBehaviour + 1), { instanceOf: VersionTooNewError });
  t.regex(error.message, /^The replay of orchestration "test"/);
  t.deepEqual([error.found, error.supported], [newestBehaviour + 1, newestBehaviour]);
  const end = { type: 'ExecutionCompleted', at: 0, output: 1 } as const;
  t.notThrows(() =>
    rebuild(plain, dependencies, identity, [{ ...started, ...recordedBehaviour(newestBehaviour) }, end]),
  );
  t.deepEqual([recordedBehaviour(0), recordedBehaviour(3)], [{}, { behaviour: 3 }]);
});
