import type { Address } from '../wire/messages.js';
import type { PartitionPorts } from './ports.js';

/** A step that takes longer than so many milliseconds is told. */
const BLOCKING = 1_000;

/** Tells of a step that has kept its process from everything else for long; `began`: when it did. */
export function tellBlocking(
  { clock, logger }: Pick<PartitionPorts, 'clock' | 'logger'>,
  instance: Address,
  began: number,
): void {
  const took = clock.now() - began;
  if (took > BLOCKING) logger.warn(`A step took ${took} ms, in which nothing else ran`, { instance });
}
