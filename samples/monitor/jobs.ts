import { Activity } from 'perdure/decorators';

export interface Progress {
  readonly percent: number;
}

/** A system that works on something and can only be asked how far it is. */
export class Jobs {
  readonly #asked = new Map<string, number>();

  @Activity({ name: 'jobs.progress' })
  async progress(job: string): Promise<Progress> {
    const times = (this.#asked.get(job) ?? 0) + 1;
    this.#asked.set(job, times);
    const percent = Math.min(times * 40, 100);
    console.log(`  ${job} is at ${percent} %`);
    return { percent };
  }
}
