import type { HistoryEvent } from '../core/history.js';
import { NotFoundError } from '../errors.js';
import { spansOf, type OtlpSpan, type TracedInstance } from './spans.js';

/** So many instances of a tree are looked at, the nearest to its root first, and so many at a time. */
const MOST_INSTANCES = 1_000;
const AT_A_TIME = 20;

/**
 * A trace in the JSON form of OTLP, the protocol of OpenTelemetry: what a collector takes at `/v1/traces`.
 */
export interface OtlpTrace {
  /** One element: the task hub, and the spans. */
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: OtlpSpan['attributes'] };
    readonly scopeSpans: readonly { readonly scope: { readonly name: string }; readonly spans: readonly OtlpSpan[] }[];
  }[];
}

/** The trace of an instance and of those that it waited for, as far as they are still there. `read`: the history of an instance. */
export async function traceOf(
  hub: string,
  instanceId: string,
  read: (instanceId?: string) => Promise<readonly HistoryEvent[]>,
): Promise<OtlpTrace> {
  const root = newInstance(instanceId, await read());
  let level: readonly Traced[] = [root];
  for (let count = 1; level.length > 0 && count < MOST_INSTANCES; count += level.length) {
    const created = level.flatMap((parent) =>
      parent.history.flatMap((event) =>
        event.type === 'SubOrchestrationInstanceCreated'
          ? [{ parent, id: event.id, instanceId: event.instanceId }]
          : [],
      ),
    );
    const next: Traced[] = [];
    const wanted = created.slice(0, MOST_INSTANCES - count);
    for (let at = 0; at < wanted.length; at += AT_A_TIME)
      await Promise.all(
        wanted.slice(at, at + AT_A_TIME).map(async ({ parent, id, instanceId }) => {
          const history = await unlessGone(read(instanceId));
          if (!isChild(history, parent.instanceId, id)) return;
          const child = newInstance(instanceId, history);
          parent.children.set(id, child);
          next.push(child);
        }),
      );
    level = next;
  }
  const service = [
    { key: 'service.name', value: { stringValue: 'perdure' } },
    { key: 'durabletask.hub', value: { stringValue: hub } },
  ];
  return {
    resourceSpans: [
      { resource: { attributes: service }, scopeSpans: [{ scope: { name: 'perdure' }, spans: spansOf(root) }] },
    ],
  };
}

interface Traced extends TracedInstance {
  readonly children: Map<number, TracedInstance>;
}

function newInstance(instanceId: string, history: readonly HistoryEvent[]): Traced {
  return { instanceId, history, children: new Map() };
}

/** Another run may have taken its id, or another attempt. */
function isChild([started]: readonly HistoryEvent[], parent: string, taskId: number): boolean {
  return (
    started?.type === 'ExecutionStarted' && started.parent?.instanceId === parent && started.parent.taskId === taskId
  );
}

async function unlessGone(history: Promise<readonly HistoryEvent[]>): Promise<readonly HistoryEvent[]> {
  try {
    return await history;
  } catch (error) {
    if (error instanceof NotFoundError) return [];
    throw error;
  }
}
