import type { Row } from './report.js';

/** What a row of the tables is to reach. */
interface Bar {
  readonly figure: string;
  /** The most that is wanted, or the least: with the server's default sync, and with `--sync always`. */
  readonly is: 'at most' | 'at least';
  readonly default: number;
  readonly always: number;
}

const bars: Readonly<Record<string, readonly Bar[]>> = {
  'w1-1': [{ figure: 'p50, raw acks', is: 'at most', default: 7, always: 7 }],
  'w1-200': [
    { figure: 'of raw publishes', is: 'at least', default: 0.35, always: 0.4 },
    { figure: 'ms each', is: 'at most', default: 0.25, always: 0.5 },
  ],
  'w2-1000': [{ figure: 'p50', is: 'at most', default: 60, always: 120 }],
  'w3-1': [{ figure: 'of raw publishes', is: 'at least', default: 2, always: 4 }],
  'w3-1000': [{ figure: 'of raw publishes', is: 'at least', default: 1.5, always: 3 }],
  'w4-1': [{ figure: 'p50, raw acks', is: 'at most', default: 4, always: 4 }],
  'w4-100-100': [
    { figure: 'of raw publishes', is: 'at least', default: 0.5, always: 0.5 },
    { figure: 'worker MB', is: 'at most', default: 150, always: 150 },
  ],
  'w5-locks': [{ figure: 'of raw publishes', is: 'at least', default: 0.08, always: 0.08 }],
  'w6-10000': [{ figure: 'p99', is: 'at most', default: 100, always: 250 }],
  'w6-10000-each': [{ figure: 'p99', is: 'at most', default: 100, always: 250 }],
  'w8-3000': [{ figure: 'p50', is: 'at most', default: 60, always: 60 }],
  w9: [{ figure: 'CPU ms', is: 'at most', default: 1_000, always: 1_000 }],
  w10: [{ figure: 'worker, % of a core', is: 'at most', default: 0.5, always: 0.5 }],
};

/** What a workload is to reach, and whether it did, one line for each figure. */
export function verdicts(id: string, row: Row, sync: 'default' | 'always'): readonly string[] {
  return (bars[id] ?? []).map(({ figure, is, [sync]: bar }) => {
    const reached = row[figure] ?? NaN;
    const isMet = is === 'at most' ? reached <= bar : reached >= bar;
    return `${id}: ${figure} ${reached}, wanted ${is} ${bar}: ${isMet ? 'met' : 'MISSED'}`;
  });
}
