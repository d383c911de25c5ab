/** Taking over a partition with many instances: `npm run bench:takeover [-- IDLE LIVE]`. */
import { startTestServer } from '../servers.js';
import { holdTo } from './bounds.js';
import { measureTakeovers, type Takeover } from './takeovers.js';

const idle = Number(process.argv[2] ?? 100_000);
const live = Number(process.argv[3] ?? 1_000);
const busy = Math.min(10_000, Math.floor(idle / 2));
/** The most CPU time that the new owner may need, in milliseconds. */
const MOST_WORK = 1_000;

const server = await startTestServer();
const { atRest, busy: after } = await measureTakeovers(server, { idle, live, busy });
await server.stop();

tell(`${idle} idle and ${live} live instances`, atRest);
tell(`${idle} entities, right after ${busy} of them took a signal`, after);
console.log('All live instances went on, and all that was signalled has arrived once');
holdTo('CPU time of the takeover, in ms', Math.round(atRest.cpu), MOST_WORK);

function tell(what: string, { milliseconds, cpu }: Takeover): void {
  console.log(
    `Takeover of ${what}: ${Math.round(milliseconds)} ms, ${Math.round(cpu)} ms of CPU time of the new owner's process`,
  );
}
