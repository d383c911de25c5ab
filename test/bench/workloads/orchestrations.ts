/** W1 and W2: orchestrations of activities, one after another and side by side. */
import { summary } from '../figures.js';
import type { Rig } from '../rig.js';
import { expectEqual, inFlight, type Workload } from '../workload.js';

export const GREETINGS = ['Hello, Tokyo!', 'Hello, Seattle!', 'Hello, Cairo!'];

function hello(width: number, count: number): Workload {
  const hellos = ({ client }: Rig, some: number) =>
    inFlight(some, width, async () => {
      const handle = await client.startNew('hello-sequence');
      expectEqual(await handle.result(), GREETINGS, 'hello');
    });
  return {
    id: `w1-${width}`,
    name: `hello, ${width} in flight`,
    steps: 4,
    warm: (rig) => hellos(rig, width === 1 ? 2_000 : 10_000),
    run: async (rig) => {
      const { milliseconds, took } = await hellos(rig, count);
      return { count, milliseconds, latencies: summary(took) };
    },
  };
}

function fanOut(width: number, count: number): Workload {
  const fanOuts = ({ client }: Rig, some: number) =>
    inFlight(some, 1, async () => {
      const handle = await client.startNew('fan-out', width);
      expectEqual(await handle.result(), (width * (width + 1)) / 2, 'fan-out');
    });
  return {
    id: `w2-${width}`,
    name: `fan-out of ${width}`,
    steps: width + 1,
    warm: (rig) => fanOuts(rig, 10_000 / width),
    run: async (rig) => {
      const { milliseconds, took } = await fanOuts(rig, count);
      return { count, milliseconds, latencies: summary(took) };
    },
  };
}

export const orchestrations: readonly Workload[] = [
  hello(1, 4_000),
  hello(50, 10_000),
  hello(200, 40_000),
  hello(1_000, 20_000),
  fanOut(100, 50),
  fanOut(1_000, 15),
  fanOut(10_000, 5),
];
