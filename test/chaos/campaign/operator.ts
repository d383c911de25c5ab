import type { TaskHubClient } from 'perdure';

/**
 * What the people on duty do after an accident: they let instances out of quarantine. Owners that are killed in a row,
 * while one message waits to be taken, look as if that message had killed them.
 */
export class Operator {
  readonly released = new Set<string>();
  readonly #client: TaskHubClient;

  constructor(client: TaskHubClient) {
    this.#client = client;
  }

  async look(): Promise<void> {
    for (const status of await this.#client.inspect()) {
      if (status.worker === undefined) continue;
      for (const { address } of status.quarantined) if (await this.#client.release(address)) this.released.add(address);
    }
  }
}
