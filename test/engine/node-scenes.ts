import type { ExecutionContext } from 'ava';
import type { Directory } from '../../lib/engine/delegation.js';
import type { OwnerOptions } from '../../lib/engine/partition-owner.js';
import { StepServer } from '../../lib/engine/step-server.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { gate, Holding, Node, Trading } from './nodes.js';
import { hostOf, MemoryWorker, recordingLogger, servedWith, surroundings, text } from './surroundings.js';

export const nodes = hostOf({ entities: [Node], orchestrators: [Holding, Trading] });

export type Scene = ReturnType<typeof surroundings> & {
  readonly lines: string[];
  readonly worker: MemoryWorker;
  readonly looks: Looks;
};

/** The looks for circles that a worker sends: they are lost while it is said so. */
export interface Looks {
  areLost: boolean;
  /** When each was sent. */
  readonly sent: number[];
}

export async function opened(partitions = 3, options: OwnerOptions = {}): Promise<Scene> {
  const scene = surroundings(partitions);
  const lines: string[] = [];
  const worker = new MemoryWorker(scene.hub, 'one', nodes, options, recordingLogger(lines));
  const looks = watched(scene, worker);
  await scene.settle(worker.claim());
  return { ...scene, lines, worker, looks };
}

/** Watches the looks that a worker sends from now on. */
export function watched({ world }: Pick<Scene, 'world'>, { ports: { bus } }: MemoryWorker): Looks {
  const looks: Looks = { areLost: false, sent: [] };
  const publish = bus.publish.bind(bus);
  bus.publish = (subject, body, reply) => {
    const isLook = text.decode(body).includes('"kind":"circle"');
    if (isLook) looks.sent.push(world.scheduler.now);
    if (!isLook || !looks.areLost) publish(subject, body, reply);
  };
  return looks;
}

/** Another worker takes over when the first has died. */
export async function succeeded(scene: Scene, options: OwnerOptions = {}): Promise<Scene> {
  scene.worker.connection.kill();
  const lines: string[] = []; // what the dead one says is of no interest
  const worker = new MemoryWorker(scene.hub, 'two', nodes, options, recordingLogger(lines));
  const looks = watched(scene, worker);
  await scene.settle(worker.claim());
  return { ...scene, lines, worker, looks };
}

/** An owner without the code, and another worker that has it and serves its steps. */
export async function elsewhere(partitions = 2): Promise<Scene & { readonly server: StepServer }> {
  const scene = surroundings(partitions);
  const lines: string[] = [];
  const directory: Directory = {
    workersWith: ({ name }) => (name === 'node' ? ['other'] : []),
    onChange: () => ({ close: () => {} }),
  };
  const connection = scene.hub.connect('other');
  const code = servedWith({ clock: connection.clock, logger: recordingLogger(lines) });
  const server = new StepServer(memoryHubPorts(connection, recordingLogger(lines)), nodes, 'other', code);
  const worker = new MemoryWorker(scene.hub, 'owner', hostOf({}), { directory }, recordingLogger(lines));
  const looks = watched(scene, worker);
  await scene.settle(worker.claim());
  return { ...scene, lines, worker, looks, server };
}

/** Begins an operation on each of some nodes, and lets them call when all of them run. */
export async function begun(
  { client, settle, advance }: Pick<Scene, 'client' | 'settle' | 'advance'>,
  paths: Record<string, string[]>,
): Promise<void> {
  gate.shut();
  for (const [key, path] of Object.entries(paths)) await settle(client.signal('node', key, 'go', path));
  await advance(200);
  gate.open();
}

export async function states(
  { client, settle, advance }: Pick<Scene, 'client' | 'settle' | 'advance'>,
  keys: readonly string[],
): Promise<Node['state'][]> {
  await advance(2_000);
  const heads = await Promise.all(keys.map((key) => settle(client.entityHead('node', key))));
  return heads.map((head) => (head?.state ?? { ended: 0, refused: [] }) as Node['state']);
}

/** All operations have ended but those that were refused, and each refusal names the cycle, wherever it begins. */
export async function isResolved(
  t: ExecutionContext,
  scene: Pick<Scene, 'client' | 'settle' | 'advance' | 'lines'>,
  cycle: readonly string[],
  all: number,
): Promise<void> {
  const addresses = cycle.map((name) => (name.startsWith('o.') ? name : `e.node.${name}`));
  const found = await states(
    scene,
    cycle.filter((name) => !name.startsWith('o.')),
  );
  const refused = found.flatMap((node) => node.refused);
  t.true(refused.length > 0);
  const rounds = addresses.map((_, at) => [...addresses.slice(at), ...addresses.slice(0, at + 1)].join(' '));
  for (const told of refused)
    t.true(
      rounds.some((round) => told === `PERDURE_CALL_CYCLE ${round}`),
      told,
    );
  t.is(found.reduce((sum, { ended }) => sum + ended, 0) + refused.length, all, 'what was refused is never carried out');
  t.deepEqual(scene.lines, []);
}
