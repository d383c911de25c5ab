import { edit, mutant, small, type Mutant } from './mutant.js';

/** Bugs of orchestrations and entities. */
export const ofInstances: readonly Mutant[] = [
  mutant(
    '7.4',
    'messages that were taken count as waiting in memory',
    edit('engine/backlog.js', 'this.bytes -= input.bytes;', ''),
  ),
  mutant(
    '7.4',
    'an owner that stops leaves its instances in the memory of its worker',
    edit(
      'engine/residents.js',
      'if (instance.isResting)\n                this.#activations.remove(instance);\n    }\n    #unload',
      'void instance;\n    }\n    #unload',
    ),
  ),
  mutant(
    'C6',
    'an instance runs on while an operation of it is under way',
    edit('engine/instances.js', 'instance.isBusy = true;', ''),
  ),
  mutant(
    'C6',
    'an instance that its own signal has enqueued runs beside its next operation',
    edit('engine/instances.js', 'if (!instance.isBusy)\n                this.#run(instance);', 'this.#run(instance);'),
  ),
  mutant(
    'C6',
    'steps run before what a former owner left is in its place',
    edit('engine/instances.js', 'isHeld = true;', 'isHeld = false;'),
  ),
  mutant(
    'C6',
    'what a former owner left comes in another order',
    edit('engine/intake.js', 'this.#locals = [...locals.values()];', 'this.#locals = [...locals.values()].reverse();'),
  ),
  mutant(
    'P17',
    'an operation that does IO runs on a message that is not stored',
    edit('engine/entity-activation.js', '?.isAsync) ?? false', '?.isAsync === 1) ?? false'),
  ),
  mutant(
    'P19',
    'a timer fires a little early',
    edit(
      'engine/due-timers.js',
      'Math.max(0, next.at - this.#clock.now())',
      'Math.max(0, next.at - this.#clock.now() - 30)',
    ),
    edit('engine/due-timers.js', 'next && next.at <= now;', 'next && next.at <= now + 30;'),
    edit('engine/orchestration-activation.js', 'this.dueAt > now)', 'this.dueAt > now + 30)'),
    edit('engine/orchestration-activation.js', 'takeDue(now, MOST_TIMERS)', 'takeDue(now + 30, MOST_TIMERS)'),
  ),
  mutant(
    'P19',
    'timers are not armed when an instance is loaded',
    edit('engine/partition-run.js', 'this.#timers.schedule(instance.address, activation.dueAt);', ''),
  ),
  mutant('P19', 'an instance’s time may go back', edit('engine/orchestration-turn.js', 'event.at < this.#at', 'false')),
  mutant(
    '7.5',
    'timers of an execution outlive it',
    edit('engine/orchestration-state.js', 'this.#timers = new TimerQueue();', ';'),
  ),
  mutant(
    '7.5',
    'activities of a former owner are not started again',
    edit('engine/partition-run.js', 'this.#activities.recover(instance, pending);', ';'),
  ),
  mutant(
    '7.5',
    'continueAsNew loses its input',
    edit(
      'engine/orchestration-turn.js',
      'const { name, parent, executionId: former, run = former } = this.#started;',
      'input = undefined;\nconst { name, parent, executionId: former, run = former } = this.#started;',
    ),
  ),
  mutant(
    '7.5',
    'continueAsNew loses the events that were not seen',
    edit('engine/orchestration-runner.js', '...completion.carriedEvents, ', ''),
  ),
  mutant(
    '7.5',
    'an entity’s failed operation keeps its changes',
    edit(
      'core/entity-executor.js',
      '(reminders && { reminders }),\n            };\n        }, (error) => {\n            draft?.discard();',
      '(reminders && { reminders }),\n            };\n        }, (error) => {\n            this.#commit(draft);',
    ),
  ),
  mutant(
    '7.5',
    'the answer to a client is not kept',
    edit('engine/session-table.js', 'return this.#store(session, number, text);', 'return;'),
  ),
  small(
    '7.5',
    'an instance is unloaded while its last step is not stored',
    edit('engine/instance.js', 'this.dirtySince === undefined &&', 'true &&'),
    edit('engine/instance.js', 'this.touchedBy === undefined);', 'true);'),
  ),
];
