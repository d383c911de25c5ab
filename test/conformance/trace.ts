import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { bounds, busOperations, close, objectOperations, shortLived, storeOperations } from './hub-operations.js';
import { logOperations } from './log-operations.js';
import { lastMail, mailboxOperations } from './mailbox-operations.js';
import { type Kind, kind, type Operation } from './operation.js';
import { Scene } from './scene.js';
import type { Side } from './side.js';
import { emptyQueues, lastTasks, taskOperations } from './task-operations.js';
import { viewsOperations } from './views-operations.js';

/** The kinds of operations, by what they are about. */
export const kindsOf: readonly (readonly Kind[])[] = [
  logOperations,
  mailboxOperations,
  viewsOperations,
  storeOperations,
  objectOperations,
  busOperations,
  taskOperations,
];

/** Time goes by, on a real server as well. In milliseconds. */
export const pause = kind('a pause', 0, { milliseconds: fc.nat() }, (scene, { milliseconds }) =>
  scene.side.pass(milliseconds),
);

const kindOf = new Map([...kindsOf.flat(), bounds, close, shortLived, pause].map((each) => [each.call, each]));

/** What a step was answered, and what was heard until all was quiet again, by who heard it. */
export interface Step {
  readonly answer: unknown;
  readonly heard: readonly (readonly string[])[];
}

/**
 * Carries out a list on a side. With a guide, the trace of the other side, it waits after each step for as much as was
 * heard there, and ends at the first step that is not as it was there.
 */
export async function trace(side: Side, list: readonly Operation[], guide?: readonly Step[]): Promise<Step[]> {
  const scene = new Scene(side);
  const steps: Step[] = [];
  for (const run of [...list.map(runOf), lastMail, emptyQueues, lastTasks]) {
    const answer = await run(scene);
    const expected = guide?.[steps.length];
    await side.quiet(() => scene.heardCounts.every((count, at) => count >= (expected?.heard[at]?.length ?? 0)));
    const step = { answer, heard: scene.takeHeard() };
    steps.push(step);
    if (guide && !isDeepStrictEqual(step, expected)) break;
  }
  return steps;
}

const runOf = ({ call, with: given }: Operation) => {
  const { run } = kindOf.get(call)!;
  return (scene: Scene) => run(scene, given);
};

/** The first step at which a trace is not as another, as text; undefined: they are alike. */
export function difference(
  list: readonly Operation[],
  traces: Readonly<Record<string, readonly Step[]>>,
): string | undefined {
  const [[oneName, one], [otherName, other]] = Object.entries(traces) as [[string, Step[]], [string, Step[]]];
  const at = one.findIndex((step, index) => !isDeepStrictEqual(step, other[index]));
  if (at < 0) return undefined;
  const lines = [`step ${at + 1} of ${list.length}: ${describe(list[at])}`];
  for (const [name, step] of [
    [oneName, one[at]],
    [otherName, other[at]],
  ] as const)
    lines.push(`  ${name}: ${JSON.stringify(step?.answer)}, heard: ${JSON.stringify(step?.heard.flat())}`);
  return lines.join('\n');
}

const describe = (operation: Operation | undefined) =>
  operation ? `${operation.call} ${JSON.stringify(operation.with)}` : 'what is sent and published in the end';
