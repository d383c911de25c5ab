import { edit, ofLives, smallOfLives, type Mutant } from './mutant.js';

const CONTROL = 'engine/orchestration-control.js';
const START = 'engine/orchestration-start.js';
const STATE = 'engine/orchestration-state.js';
const TURN = 'engine/orchestration-turn.js';
const ACTIVATION = 'engine/orchestration-activation.js';

/** Bugs of the lives of instances; the rules are those of docs/adr. */
export const ofLifecycles: readonly Mutant[] = [
  { ...smallOfLives('none', 'a library with small limits, for lives'), isHealthy: true },
  ofLives('0034', 'a suspension is not read from the head', edit(STATE, 'this.suspension = suspension;', '')),
  ofLives(
    '0034',
    'a suspended instance goes on with what comes',
    edit(ACTIVATION, 'if (this.state.suspension || this.state.isScheduled)', 'if (this.state.isScheduled)'),
    edit(
      ACTIVATION,
      'if (this.holdsBack)\n            return { entry: { buffered',
      'if (false)\n            return { entry: { buffered',
    ),
  ),
  ofLives(
    '0034',
    'what was held back is lost when the instance goes on',
    edit(
      ACTIVATION,
      'return this.#advance(events, { taken: events.length });',
      'return this.#advance([], { taken: events.length });',
    ),
  ),
  ofLives(
    '0034',
    'what is held back is not in the head',
    edit('engine/held-back.js', 'held.#events = [...stored, ...others];', 'held.#events = [...stored];'),
  ),
  ofLives(
    '0034',
    'the last event that was held back is taken twice',
    edit(
      STATE,
      'this.#held.replace(this.buffered.slice(taken));',
      'this.#held.replace(this.buffered.slice(taken - 1));',
    ),
  ),
  ofLives(
    '0034',
    'what comes overtakes what is held back',
    edit(
      ACTIVATION,
      'if (this.holdsBack)\n            return { entry: { buffered',
      'if (false)\n            return { entry: { buffered',
    ),
  ),
  ofLives(
    '0034',
    'an instance that is resumed waits for the next event',
    edit(CONTROL, 'state.buffered.length > 0 ? true : undefined;', 'false ? true : undefined;'),
  ),
  smallOfLives(
    '0034',
    'stored parts of what is held back are held back once more',
    edit('engine/held-back.js', 'events: stored.length };', 'events: 0 };'),
  ),
  ofLives(
    '0034',
    'children are not suspended and resumed with their parent',
    edit(
      CONTROL,
      'const messages = message.recursive === true ? openChildren(instance, message) : [];\n    if (state.suspension)',
      'const messages = [];\n    if (state.suspension)',
    ),
  ),
  ofLives(
    '0034',
    'children are not terminated with their parent',
    edit(CONTROL, 'if (recursive === false)\n        return outcome;', 'return outcome;'),
  ),
  ofLives(
    '0034',
    'the activities of an instance that was terminated are not told',
    edit(CONTROL, 'unwanted: unwantedAtEnd(state) };', '};'),
  ),
  ofLives(
    '0034',
    'the activities of an instance that was canceled are not told',
    edit(ACTIVATION, 'turn.givesUpActivities ? unwantedAtEnd(this.state, events) : undefined', 'undefined'),
  ),
  ofLives(
    '0034',
    'an instance is canceled once more while it cleans up',
    edit(CONTROL, 'state.isCanceled ? [] : [{', '[{'),
  ),
  ofLives(
    '0034',
    'a cancellation is not known to a new owner',
    edit(STATE, 'this.#isCanceled = true;', 'this.#isCanceled = this.history.length > 0;'),
  ),
  ofLives(
    '0034',
    'children are not canceled with their parent',
    edit(TURN, 'if (recursive === false)\n            return;', 'return;'),
  ),
  ofLives(
    '0034',
    'a request goes to whatever run there is',
    edit(CONTROL, 'if (!isMeantRun(started, message))\n        return false;', ''),
  ),
  ofLives(
    '0034',
    'a restarted instance keeps the history of the run before',
    edit(
      STATE,
      "if (event.type === 'ExecutionStarted')\n                this.#begin();",
      "if (event.type === 'ExecutionStarted' && event.run !== undefined)\n                this.#begin();",
    ),
  ),
  ofLives(
    '0034',
    'a purged instance stays stored',
    edit('engine/orchestration-captures.js', 'return state.isPurged ?', 'return false ?'),
  ),
  ofLives(
    '0034',
    'a purged instance keeps its wake record',
    edit(
      'engine/heads.js',
      'if (instance.wakeSequence !== 0)\n            await this.#removeWake(instance);\n        if (instance.headSequence',
      'if (instance.headSequence',
    ),
  ),
  ofLives(
    'P19',
    'a wake record that a takeover finds, and that its instance does not need, stays',
    edit('engine/wake-hints.js', 'if (!isRight)', 'if (false)'),
  ),
  ofLives(
    '0034',
    'an instance is purged although it goes on',
    edit(
      CONTROL,
      'if (!state.isEnded)\n        return declined(message, new InstanceNotEndedError(instanceId));\n    const children',
      'const children',
    ),
  ),
  ofLives(
    '0034',
    'a start does not look at what is there',
    edit(START, 'const goesOn = state.started && !state.isEnded;', 'const goesOn = false;'),
  ),
  ofLives(
    '0034',
    'a start that would attach to an instance that has ended begins anew',
    edit(
      START,
      "if (state.started && message.ifExists === 'attach')",
      "if (state.started && !state.isEnded && message.ifExists === 'attach')",
    ),
  ),
  ofLives(
    '0034',
    'a run that is replaced leaves its children behind',
    edit(START, 'messages: [...output.messages, ...children] };', 'messages: [...output.messages] };'),
  ),
  smallOfLives(
    '0034',
    'the time of a start is not in the wake record',
    edit(
      'engine/orchestration-captures.js',
      'const { started } = state;\n    if (!started)\n        return capturedBeforeStart',
      'const { started } = state;\n    if (state.isScheduled) dueAt = undefined;\n    if (!started)\n        return capturedBeforeStart',
    ),
  ),
  ofLives(
    '0034',
    'a start does not wait for its time',
    edit(START, 'const isLater = startAt > at || ', 'const isLater = '),
  ),
  ofLives(
    '0034',
    'an instance is purged before its time',
    edit(STATE, 'this.updatedAt + this.retention : undefined', 'this.updatedAt + this.retention / 2 : undefined'),
  ),
  ofLives(
    '0034',
    'how long an instance is kept is not in its head',
    edit(STATE, 'state.retention = head.retention;', ''),
  ),
  ofLives(
    '0034',
    'children that an earlier execution has left running are not asked what their parent is',
    edit(STATE, 'return [...this.left, ...', 'return [...'),
  ),
  ofLives(
    '0034',
    'children that an earlier execution has left running are not canceled',
    edit(TURN, 'toChildren([...this.#left, ...', 'toChildren([...'),
  ),
  ofLives(
    '0034',
    'an execution forgets the children that others than the one before it have left running',
    edit(TURN, 'this.#left = [...this.#left, ...this.#openChildren()];', 'this.#left = this.#openChildren();'),
  ),
  ofLives(
    '0034',
    'the children that were left running are not in the head',
    edit(STATE, 'state.left = head.left ?? [];', 'state.left = [];'),
  ),
  ofLives(
    '0031',
    'events before the start are lost with their owner',
    edit('engine/orchestration-captures.js', 'if (state.buffered.length > 0)', 'if (false)'),
  ),
  ofLives(
    '0031',
    'events before the start are lost at the start',
    edit(
      STATE,
      'this.#isCanceled = false;\n    }\n    #purge',
      'this.#isCanceled = false;\n        this.#held.replace([]);\n    }\n    #purge',
    ),
  ),
  ofLives(
    '0031',
    'events before the start wait for the next one',
    edit(START, 'return instance.state.buffered.length > 0 ? { ...output, goesOn: true } : output;', 'return output;'),
  ),
  ofLives(
    '0031',
    'a step that the head shows is applied once more',
    edit('engine/loading.js', 'sequence > (head?.logSeq ?? 0)', 'sequence >= (head?.logSeq ?? 0)'),
  ),
  ofLives(
    '0033',
    'what has succeeded is asked for again',
    edit('core/rewind.js', "if ('id' in event)\n            this.#open.delete(event.id);", ''),
  ),
  ofLives(
    '0033',
    'a rewound execution keeps its id',
    edit('engine/orchestration-rewind.js', 'executionId: instance.newId(), run:', 'executionId, run:'),
  ),
  ofLives(
    '0033',
    'what has failed stays in the history',
    edit('core/rewind.js', 'const event = isVoid ? undefined :', 'const event ='),
  ),
  ofLives(
    '0033',
    'what has failed is not asked for again',
    edit(
      TURN,
      'append(this.#messages, effectsOf(rewinding.again.map(whole), { ...this.#asking, isRepeated: true }).messages);',
      '',
    ),
    edit(TURN, 'append(this.#activities, effectsOf(rewinding.again, this.#asking).activities);', ''),
  ),
  ofLives(
    '0033',
    'a child that has failed is not rewound with its parent',
    edit(START, "if ('entry' in output)\n        return output;", ''),
  ),
  ofLives(
    '0033',
    'a child that has completed begins anew when its parent is rewound',
    edit(START, "if (state.status === 'Completed') {", 'if (false) {'),
  ),
  ofLives(
    '0039',
    'an update is answered before its record is stored',
    edit(
      'engine/instances.js',
      'const locals = group.add(instance, input, output, step);',
      "if (input.body.kind === 'update') for (const [inbox, notice] of output.notices ?? []) this.#ports.bus.publish(inbox, new TextEncoder().encode(JSON.stringify(notice)));\n        const locals = group.add(instance, input, output, step);",
    ),
  ),
  ofLives(
    '0039',
    'a copy of an update is carried out, too',
    edit(
      'engine/session-mail.js',
      'if (last <= mark)',
      "if (last <= mark && messages.every(([, body]) => body.kind !== 'update'))",
    ),
    edit('engine/session-mail.js', 'if (number <= mark)\n', "if (number <= mark && body.kind !== 'update')\n"),
  ),
  ofLives(
    '0039',
    'queries are answered without a barrier',
    edit('engine/reads.js', 'await this.#barrier.pass();', "if (answer.kind !== 'query') await this.#barrier.pass();"),
  ),
  ofLives(
    '0039',
    'an update that is held back when the instance ends is not answered',
    edit('engine/orchestration-updates.js', 'if (answers.length === 0)\n        return output;', 'return output;'),
  ),
  ofLives(
    '0039',
    'an update that a step did not come to is lost with its execution',
    edit('engine/held-back.js', "    'UpdateRequested',\n    'CancellationRequested',", "    'CancellationRequested',"),
  ),
  ofLives(
    '0039',
    'an update that throws is answered as if it had not',
    edit(
      'engine/orchestration-updates.js',
      'const outcome = { id, ...told };',
      "const outcome = 'failure' in told ? { id } : { id, ...told };",
    ),
  ),
  ofLives(
    '0039',
    'an update whose handler waits is forgotten by the next step',
    edit(TURN, 'this.#updates.take(update);', 'void update;'),
  ),
  ofLives(
    '0039',
    'the history does not say who waits for an update whose handler waits',
    edit(
      'core/handlers.js',
      'return { ...event, waits };',
      'return (({ reply: _, ...rest }) => ({ ...rest, waits }))(event);',
    ),
  ),
  ofLives(
    '0039',
    'that a handler which waited has ended is not in the history',
    edit(TURN, 'this.#events.push(mark);\n        this.#follow(mark);', ''),
  ),
  ofLives(
    '0039',
    'the callers of handlers that wait are not told that their execution has ended',
    edit(TURN, 'this.#cutOff(closing);', ''),
  ),
  ofLives(
    '0039',
    'the end of an execution is told once more to the callers of handlers that the one before it had cut off',
    edit(STATE, 'this.updates.clear();', ''),
    edit('engine/open-updates.js', "else if (event.type === 'ExecutionStarted')\n            this.clear();", ''),
  ),
  ofLives(
    '0039',
    'a handler that throws behind a wait is answered as if it had ended',
    edit(
      'core/waiting-updates.js',
      'this.#listener.ended({ failure: toFailureDetails(error) });',
      'this.#listener.ended({});',
    ),
  ),
];
