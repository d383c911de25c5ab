import type { Row } from './report.js';
import type { Sync } from './rig.js';

/** What a row of the tables is to reach: with the server's default sync, and with `--sync always`. */
interface Bar {
  readonly figure: string;
  readonly is: 'at most' | 'at least';
  readonly default: number;
  readonly always: number;
}

const atMost = (figure: string, byDefault: number, always = byDefault): Bar => {
  return { figure, is: 'at most', default: byDefault, always };
};
const rate = (byDefault: number, always = byDefault): Bar => {
  return { figure: 'of raw publishes', is: 'at least', default: byDefault, always };
};

const bars: Readonly<Record<string, readonly Bar[]>> = {
  'w1-1': [atMost('p50, raw acks', 7)],
  'w1-200': [rate(0.35, 0.4), atMost('ms each', 0.25, 0.5)],
  'w2-1000': [atMost('p50', 60, 120)],
  'w3-1': [rate(2, 4)],
  'w3-1000': [rate(1.5, 3)],
  'w4-1': [atMost('p50, raw acks', 4)],
  'w4-100-100': [rate(0.5), atMost('worker MB', 150)],
  'w5-locks': [rate(0.08)],
  'w6-10000': [atMost('p99', 100, 250)],
  'w6-10000-each': [atMost('p99', 100, 250)],
  'w8-3000': [atMost('p50', 60)],
  w9: [atMost('CPU ms', 1_000)],
  w10: [atMost('worker, % of a core', 0.5)],
};

/** What a workload is to reach, and whether it did, one line for each figure. */
export function verdicts(id: string, row: Row, sync: Sync): readonly string[] {
  return (bars[id] ?? []).map(({ figure, is, [sync]: bar }) => {
    const reached = row[figure] ?? NaN;
    const isMet = is === 'at most' ? reached <= bar : reached >= bar;
    return `${id}: ${figure} ${reached}, wanted ${is} ${bar}: ${isMet ? 'met' : 'MISSED'}`;
  });
}
