import type { TestFn } from 'ava';
import type { Check, PortsHarness } from './harness.js';
import { logContract } from './log.js';
import { mailboxContract } from './mailbox.js';
import { objectsContract } from './objects.js';
import { surroundingsContract } from './surroundings.js';
import { taskQueuesContract } from './task-queues.js';
import { viewsContract } from './views.js';

/** Holds an implementation of the ports to the words of lib/engine/ports.ts. */
export function portsContract(test: TestFn, open: () => Promise<PortsHarness>): void {
  const check: Check = (title, body) => {
    test(title, async (t) => {
      const harness = await open();
      try {
        await body(t, harness);
      } finally {
        await harness.close();
      }
    });
  };
  logContract(check);
  mailboxContract(check);
  viewsContract(check);
  objectsContract(check);
  taskQueuesContract(check);
  surroundingsContract(check);
}
