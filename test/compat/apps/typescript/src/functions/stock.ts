import { EntityContext, EntityHandler } from 'durable-functions';
import * as df from 'durable-functions';

interface Stock {
  pieces: number;
}

const stock: EntityHandler<Stock> = (context: EntityContext<Stock>) => {
  const state = context.df.getState(() => ({ pieces: 1_000 })) ?? { pieces: 0 };
  switch (context.df.operationName) {
    case 'take':
      context.df.setState({ pieces: state.pieces - (context.df.getInput<number>() ?? 0) });
      break;
    case 'left':
      context.df.return(state.pieces);
      break;
    case 'clear':
      context.df.destructOnExit();
      break;
  }
};
df.app.entity('Stock', stock);

df.app.entity<number>('Plain', {
  handler: (context) => {
    const before: number | undefined = context.df.getState(() => 0);
    context.df.setState((before ?? 0) + 1);
    context.df.signalEntity(new df.EntityId('Stock', context.df.entityKey), 'take', 1);
  },
});

export async function look(client: df.DurableClient): Promise<unknown[]> {
  const read: df.EntityStateResponse<Stock> = await client.readEntityState<Stock>(new df.EntityId('Stock', 'nails'));
  const status: df.DurableOrchestrationStatus = await client.getStatus('x', { showHistory: true, showInput: false });
  const payload: df.HttpManagementPayload = client.createHttpManagementPayload('x');
  await client.raiseEvent('x', 'Go', { a: 1 }, { taskHubName: 'other' });
  await client.signalEntity(new df.EntityId('Stock', 'nails'), 'take', 1);
  const all: df.DurableOrchestrationStatus[] = [...(await client.getStatusAll()), ...(await client.getStatusBy({}))];
  await client.terminate('x', 'r');
  await client.suspend('x', 'r');
  await client.resume('x', 'r');
  await client.rewind('x', 'r');
  const purged: df.PurgeHistoryResult = await client.purgeInstanceHistory('x');
  const provider: df.ExceptionPropertiesProvider = { getExceptionProperties: (error) => ({ error: String(error) }) };
  df.app.setExceptionPropertiesProvider(provider);
  return [
    read.entityState?.pieces,
    status.createdTime.getTime(),
    payload.statusQueryGetUri,
    all,
    purged.instancesDeleted,
  ];
}

/** As unit tests of apps are written. */
export function testOf(): unknown[] {
  const orchestration = new df.DummyOrchestrationContext();
  const entity = new df.DummyEntityContext<Stock>('Stock', 'id', (level, ...args) => console.log(level, ...args));
  return [orchestration.df, entity.df, df.trigger.activity().type, df.trigger.entity(), df.trigger.orchestration()];
}
