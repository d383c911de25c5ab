/** Compiled by `tsc -p .`, which is the test: every `@ts-expect-error` proves the sentence behind it. */
import type {
  DurableHttpResponse,
  OrchestrationContext,
  Orchestration,
  ScheduleHandle,
  TaskHubClient,
} from '../../lib/index.js';
import { Nightly, Report, Transfer } from './classes.js';
import { exactly } from './exactly.js';

export async function starts(client: TaskHubClient): Promise<void> {
  const cron = '0 3 * * *';
  exactly<ScheduleHandle>()(await client.schedules.create('a', { cron, start: [Transfer, { amount: 1 }] }), true);
  await client.schedules.create('a', { cron, start: [Nightly] });
  await client.schedules.create('a', { cron, start: [Report] }); // an input declared optional may be left away
  await client.schedules.create('a', { cron, start: [Report, 'monday'] });
  await client.schedules.create('a', { cron, start: ['transfer', { amount: 'of any type' }] });
  await client.schedules.get('a').update({ calendar: { hour: [3, 15] }, start: [Transfer, { amount: 1 }] });

  // @ts-expect-error -- a missing input does not compile
  await client.schedules.create('a', { cron, start: [Transfer] });
  // @ts-expect-error -- nor does a wrong one
  await client.schedules.create('a', { cron, start: [Transfer, { amount: 'one' }] });
  // @ts-expect-error -- nor one for an orchestrator that takes none
  await client.schedules.create('a', { cron, start: [Nightly, 1] });
  // @ts-expect-error -- nor a schedule that starts nothing
  await client.schedules.create('a', { cron });
  // @ts-expect-error -- nor a policy that there is not
  await client.schedules.create('a', { cron, start: [Nightly], overlap: 'replace' });
  // @ts-expect-error -- nor a wrong input of an update
  await client.schedules.get('a').update({ cron, start: [Transfer, { amount: 'one' }] });
}

export function* requests(ctx: OrchestrationContext): Orchestration<void> {
  exactly<DurableHttpResponse>()(yield* ctx.callHttp({ url: 'https://example.com' }), true);
  // @ts-expect-error -- a request without an address does not compile
  ctx.callHttp({ method: 'POST' });
  // @ts-expect-error -- nor does a header that is no text
  ctx.callHttp({ url: 'https://example.com', headers: { 'x-count': 1 } });
}
