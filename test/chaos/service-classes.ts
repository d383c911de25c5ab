import { Account } from '../../samples/bank/account.js';
import { Transfer } from '../../samples/bank/transfer.js';
import { Counter } from '../../samples/counter/counter.js';
import { Greetings } from '../../samples/hello/greetings.js';
import { HelloSequence } from '../../samples/hello/hello-sequence.js';
import { Broker } from './broker.js';
import { hosted } from './campaign/programs.js';

/** What the tests' service hosts: the samples, and the programs of the chaos runs. */
export function hostedByService() {
  const { entities, orchestrators, activities } = hosted();
  return {
    entities: [Account, Broker, Counter, ...entities],
    orchestrators: [HelloSequence, Transfer, ...orchestrators],
    activities: [new Greetings(), ...activities],
  };
}
