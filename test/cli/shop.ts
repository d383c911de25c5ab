import {
  connectTaskHub,
  OrchestrationContext,
  TaskHubClient,
  TaskHubWorker,
  type Orchestration,
  type PayloadCodec,
} from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { startTestServer, type TestServer } from '../servers.js';

class Hands {
  @Activity() pack(item: string): string {
    if (item === 'air') throw new RangeError('there is nothing to pack');
    return `a packed ${item}`;
  }
}

@Orchestrator('order')
class Order {
  @Run() *run(item: string, ctx: OrchestrationContext): Orchestration<string> {
    ctx.setCustomStatus({ step: 'packing' });
    const packed = yield* ctx.callActivity(Hands).pack(item);
    ctx.setCustomStatus({ step: 'paying' });
    const by = yield* ctx.waitForExternalEvent<string>('Paid');
    return `${packed}, paid by ${by}`;
  }
}

@Orchestrator('hello')
class Hello {
  @Run() *run(name: string, ctx: OrchestrationContext): Orchestration<string> {
    yield* ctx.createTimer(1);
    return `Hello, ${name}!`;
  }
}

@Orchestrator('film')
class Film {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.callActivity('render', undefined, { queue: 'studio' });
  }
}

@Entity('counter', { keepHistory: 10 })
export class Counter {
  state = 0;
  @Operation() add(amount: number): number {
    if (amount > 100) throw new RangeError('too much');
    return (this.state += amount);
  }
  @Operation() fail(why: string): void {
    throw new RangeError(why);
  }
}

/** A server, a hub `shop` with one partition and a worker on it. */
export interface Shop {
  readonly server: TestServer;
  readonly client: TaskHubClient;
  close(): Promise<void>;
}

export async function openShop(payloadCodec?: PayloadCodec): Promise<Shop> {
  const server = await startTestServer();
  const hub = await connectTaskHub({ name: 'shop', servers: server.url, partitions: 1, payloadCodec });
  const hosted = { orchestrators: [Order, Hello, Film], entities: [Counter], activities: [new Hands()] };
  const worker = await TaskHubWorker.start(hub, hosted);
  const client = new TaskHubClient(hub);
  return {
    server,
    client,
    close: async () => {
      await client.close();
      await worker.stop();
      await hub.close();
      await server.stop();
    },
  };
}
