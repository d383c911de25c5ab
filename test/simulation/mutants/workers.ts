import { amongWorkers, edit, type Mutant } from './mutant.js';

/** Bugs of workers that share partitions out. */
export const ofWorkers: readonly Mutant[] = [
  amongWorkers(
    'P21',
    'a lease that another worker holds is claimed',
    edit(
      'worker/partitions.js',
      "return record !== undefined && (isLapsed || record.state !== 'held' || record.owner === this.#membership.id);",
      'return true;',
    ),
  ),
  amongWorkers(
    'P21',
    'a fenced worker claims at once',
    edit('worker/membership.js', "if (this.#state === 'leaving')\n            return;", 'return;'),
  ),
  amongWorkers(
    'P21',
    'a lease is renewed though the partition’s loop stands still',
    edit('worker/partition-keeper.js', 'return owner.confirm();', 'return { epoch: 1, sequence: 1 };'),
  ),
  amongWorkers(
    'P21',
    'a worker that is not heard of any more keeps what it has',
    edit('worker/hub-watch.js', 'this.#lapse(entry) <= now ||', ''),
  ),
  amongWorkers(
    'P21',
    'a worker that leaves gives nothing back',
    edit('worker/partition-keeper.js', "await this.#release('released');", 'this.#listener.onFree();'),
  ),
  amongWorkers(
    'P21',
    'silence from before the clock leapt counts',
    edit('worker/hub-watch.js', 'this.#hearsSince = now;', ';'),
  ),
  amongWorkers('P21', 'workers that join get nothing', edit('worker/partitions.js', 'void keeper.giveBack();', '')),
];
