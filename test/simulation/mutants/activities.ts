import { edit, mutant, type Mutant } from './mutant.js';

/** Bugs of activities that go to work queues. */
export const ofActivities: readonly Mutant[] = [
  mutant(
    'P20',
    'what may not be in its work queue is not sent again by the next owner',
    edit(
      'engine/partition-run.js',
      "this.#dispatcher.recover((to) => this.#instances.instance(to).activation?.pendingActivities('queued'));",
      '',
    ),
  ),
  mutant(
    'P20',
    'a request whose outcome is unknown counts as stored',
    edit(
      'engine/dispatcher.js',
      'if (await this.#hub.tasks.publish(queue, body, keyOf(executionId, taskId))) {',
      'await this.#hub.tasks.publish(queue, body, keyOf(executionId, taskId));\nif (true) {',
    ),
  ),
  mutant(
    'P20',
    'what is not known to be in a work queue is not in the checkpoint',
    edit('engine/tables.js', 'undispatched: this.undispatched.all(),', 'undispatched: [],'),
  ),
  mutant(
    '7.5',
    'a request is acknowledged before its result is stored',
    edit(
      'engine/task-worker.js',
      'if (told) {\n            await this.#send(run, told);',
      'await this.#done(run);\nif (told) {\n            await this.#send(run, told);',
    ),
  ),
  mutant(
    '7.4',
    'the code of an activity is begun twice',
    edit(
      'engine/activity-execution.js',
      'const run = () => this.#call(host, ports.clock, userCode);',
      'const run = () => (this.#call(host, ports.clock, userCode), this.#call(host, ports.clock, userCode));',
    ),
  ),
  mutant(
    '7.4',
    'what a new owner begins anew it begins twice',
    edit(
      'engine/activity-execution.js',
      'const run = () => this.#call(host, ports.clock, userCode);',
      'const run = () => (this.attempt > 1 && this.#call(host, ports.clock, userCode), this.#call(host, ports.clock, userCode));',
    ),
  ),
  mutant(
    '7.4',
    'a worker does not say that it still has a request of a work queue, and another one gets it, too',
    edit('memory/tasks.js', 'PATIENCE = 10_000', 'PATIENCE = 500'),
    edit('engine/task-worker.js', 'BEAT = 2_500', 'BEAT = 125'),
    edit(
      'engine/task-worker.js',
      'for (const run of this.#runs.values()) {\n                run.keep();',
      'for (const run of this.#runs.values()) {',
    ),
  ),
];
