import { connect } from 'nats';
import type { TestServer } from './servers.js';

interface StateStreams {
  readonly hub: string;
  readonly partitions: number;
}

/** The subjects of what the state streams of a task hub hold of one orchestration instance, whose id is plain letters. */
export async function storedSubjects(
  server: TestServer,
  { instanceId, ...streams }: StateStreams & { readonly instanceId: string },
): Promise<string[]> {
  const its = new RegExp(`\\.[shw]\\.o\\.${instanceId}(?:\\.|$)`);
  return (await allSubjects(server, streams)).filter((subject) => its.test(subject));
}

/** Those of what they hold of entities of one name. */
export async function storedOfEntities(
  server: TestServer,
  { entity, ...streams }: StateStreams & { readonly entity: string },
): Promise<string[]> {
  const its = new RegExp(`\\.[sw]\\.e\\.${entity}\\.`);
  return (await allSubjects(server, streams)).filter((subject) => its.test(subject));
}

async function allSubjects(server: TestServer, { hub, partitions }: StateStreams): Promise<string[]> {
  const connection = await connect({ servers: server.url });
  const manager = await connection.jetstreamManager();
  const subjects: string[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const filter = { subjects_filter: `pd.${hub}.${partition}.*.>` };
    const { state } = await manager.streams.info(`PD-${hub}-${partition}-state`, filter);
    subjects.push(...Object.keys(state.subjects ?? {}));
  }
  await connection.close();
  return subjects;
}
