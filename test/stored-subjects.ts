import { connect } from 'nats';
import type { TestServer } from './servers.js';

/** The subjects of what the state streams of a task hub hold of one orchestration instance, whose id is plain letters. */
export async function storedSubjects(
  server: TestServer,
  { hub, partitions, instanceId }: { hub: string; partitions: number; instanceId: string },
): Promise<string[]> {
  const connection = await connect({ servers: server.url });
  const manager = await connection.jetstreamManager();
  const subjects: string[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const filter = { subjects_filter: `pd.${hub}.${partition}.*.>` };
    const { state } = await manager.streams.info(`PD-${hub}-${partition}-state`, filter);
    subjects.push(...Object.keys(state.subjects ?? {}));
  }
  await connection.close();
  const its = new RegExp(`\\.[shw]\\.o\\.${instanceId}(?:\\.|$)`);
  return subjects.filter((subject) => its.test(subject));
}
