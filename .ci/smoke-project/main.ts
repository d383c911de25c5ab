import { IsInt, Min } from 'class-validator';
import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import { HttpApi } from 'perdure/http';
import { serveHttpApi } from 'perdure/http/node';
import 'perdure/testing';

class Amount {
  @IsInt() @Min(1) amount!: number;
}

@Entity('account')
class Account {
  state = { balance: 0 };
  @Operation() deposit({ amount }: Amount): number {
    return (this.state.balance += amount);
  }
}

const hub = await connectTaskHub({ name: 'smoke' });
const worker = await TaskHubWorker.start(hub, { entities: [Account] });
const client = new TaskHubClient(hub);
const balance = await client.callEntity(Account, 'alice').deposit({ amount: 5 });
const refused = await client
  .callEntity(Account, 'alice')
  .deposit({ amount: 0 })
  .catch((error: Error) => error.name);
const api = new HttpApi(client, { entities: [Account] });
const server = await serveHttpApi(api, { port: 0 });
const { status } = await fetch(`${server.url}${api.basePath}/entities/account/alice`);
await server.close();
await client.close();
await worker.stop();
await hub.close();
console.log(`balance ${balance}, then ${refused}, over HTTP ${status}`);
