import type { ExecutionStarted, HistoryEvent, NumberedAction, Rewound } from '../core/history.js';
import { versionedName } from '../core/orchestrator-version.js';
import { failuresOf, type Rewinding } from '../core/rewind.js';
import { NotRewindableError, NoWorkerError } from '../errors.js';
import type { ControlMessage } from '../wire/messages.js';
import type { StepOutput } from './activation.js';
import { lockAfter } from './held-lock.js';
import type { OrchestrationInstance } from './orchestration-control.js';
import { answered, declined } from './outcomes.js';
import { hasChildrenAfter, leftWith, takenBack } from './started-children.js';

/**
 * The failed execution begins again as another one: with all that it has been through but for the failures that ended it
 * (docs/adr/0033). What has failed is asked for again, and so is what has not been answered.
 */
export function rewindOutput(instance: OrchestrationInstance, message: ControlMessage, at: number): StepOutput {
  const output = rewoundOutput(instance, message.reason, at);
  return 'entry' in output ? answered(output, message, {}) : declined(message, output);
}

export function rewoundOutput(
  instance: OrchestrationInstance,
  reason: string | undefined,
  at: number,
): StepOutput | NotRewindableError | NoWorkerError {
  const { state, runner, instanceId } = instance;
  const first = runner.isWhole ? runner.history[0] : undefined;
  if (state.status !== 'Failed' || !state.failure)
    return new NotRewindableError(
      `Orchestration instance "${instanceId}" is ${state.status}: only a failed one can be rewound.`,
      instanceId,
    );
  if (first?.type !== 'ExecutionStarted')
    return new NotRewindableError(
      `The history of orchestration instance "${instanceId}" cannot be read: restart it instead.`,
      instanceId,
    );
  if (!runner.knows(first)) return new NoWorkerError(versionedName(first)); // what comes behind it cannot wait (docs/adr/0043)
  const { executionId } = first;
  const voided = failuresOf(runner.history);
  const rewound = {
    at,
    ...(reason !== undefined && { reason }),
    executionId,
    origin: first.rewound?.origin ?? executionId,
    failure: state.failure,
    void: voided,
  };
  // Some of its children may fall away.
  const former = runner.history.reduce(hasChildrenAfter, false)
    ? { ...first, hasFormerChildren: true as const }
    : first;
  const started = { ...former, executionId: instance.newId(), run: first.run ?? executionId, rewound };
  const { history } = runner;
  const rewinding = runner.rewind(started, voided);
  const { completion } = rewinding;
  if (completion?.type === 'Failed')
    return new NotRewindableError(
      `Orchestration instance "${instanceId}" would fail again at once: ${completion.failure.message} No activity, ` +
        'sub-orchestration or entity operation that failed is to blame, but the code: mend it first.',
      instanceId,
    );
  const lock = completion ? undefined : rewinding.events.reduce(lockAfter, undefined);
  if (lock?.fences) {
    runner.drop();
    return new NotRewindableError(
      `Cannot rewind an orchestration with an unreleased entity lock: "${instanceId}" failed in a critical section over ` +
        `${lock.entities.map(({ name, key }) => `${name} "${key}"`).join(', ')}, which ended with it. Restart it instead.`,
      instanceId,
    );
  }
  const turn = instance.firstTurn();
  const head = {
    ...started,
    ...leftWith(state.left, takenBack(history, rewinding.events, first)),
    rewound: { ...rewound, ...found(first, rewinding) },
  };
  turn.repeat(...postponed([head, ...rewinding.events.slice(1)], rewinding, at), (action) => runner.whole(action));
  if (completion?.type !== 'ContinuedAsNew') return turn.output(instanceId, runner.retentionOf(started));
  const next = turn.continued(completion, instance.newId());
  const returned = runner.run(turn, [next, ...completion.carriedEvents]);
  return turn.output(instanceId, runner.retentionOf(started), returned);
}

/** What the rewind has found out, for the first event. */
function found(former: ExecutionStarted, { gaps, asked }: Rewinding): Pick<Rewound, 'gaps' | 'asked'> {
  const known = new Map(former.rewound?.asked?.map((call) => [call.id, call]));
  const { executionId } = former;
  const calls = asked.map(([id, taskId]) => ({ executionId, taskId, ...known.get(taskId), id }));
  return { ...(gaps.length > 0 && { gaps }), ...(calls.length > 0 && { asked: calls }) };
}

/** Activities that are asked for again have as long as they had then. */
function postponed(
  events: readonly HistoryEvent[],
  rewinding: Rewinding,
  at: number,
): readonly [events: readonly HistoryEvent[], rewinding: Rewinding, at: number] {
  const again = new Map<number, NumberedAction>(rewinding.again.map((action) => [action.id, action]));
  let turnAt = at;
  const renewed = events.map((event) => {
    if ('at' in event) turnAt = event.at;
    if (event.type !== 'TaskScheduled' || event.deadline === undefined || !again.has(event.id)) return event;
    const later = { ...event, deadline: event.deadline + at - turnAt };
    again.set(event.id, later);
    return later;
  });
  return [renewed, { ...rewinding, again: [...again.values()] }, at];
}
