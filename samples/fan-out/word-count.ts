import { OrchestrationContext, type Orchestration, type Task } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { Texts } from './texts.js';

/** The custom status: what a client sees while the count goes on. */
export interface Progress {
  readonly counted: number;
  readonly files: number;
}

/** The words of each file of a folder: one activity a file, all at once. */
@Orchestrator('word-count')
export class WordCount {
  @Run()
  *run(folder: string, ctx: OrchestrationContext): Orchestration<Record<string, number>> {
    const files = yield* ctx.callActivity(Texts).list(folder);
    const counts = files.map((file) => ctx.callActivity(Texts).count(file)); // they run from here on
    yield* this.#showProgress(counts, ctx);
    const words = yield* ctx.all(counts);
    return Object.fromEntries(files.map((file, at) => [file, words[at] ?? 0]));
  }

  *#showProgress(counts: readonly Task<number>[], ctx: OrchestrationContext): Orchestration<void> {
    for (let open = counts; open.length > 0;) {
      const progress: Progress = { counted: counts.length - open.length, files: counts.length };
      ctx.setCustomStatus(progress);
      const counted = yield* ctx.any(open);
      open = open.filter((count) => count !== counted);
    }
    ctx.setCustomStatus({ counted: counts.length, files: counts.length } satisfies Progress);
  }
}
