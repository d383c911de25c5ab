import { IsInt, IsString, Min } from 'class-validator';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { Jobs } from './jobs.js';

export class Watch {
  @IsString() job!: string;
  @IsInt() @Min(1) everyMilliseconds!: number;
  @IsInt() @Min(1) forMilliseconds!: number;
}

/** Looks at a job again and again until it is done, or for as long as it may take. */
@Orchestrator('watch-job')
export class WatchJob {
  @Run()
  *run({ job, everyMilliseconds, forMilliseconds }: Watch, ctx: OrchestrationContext): Orchestration<string> {
    const deadline = ctx.currentUtcDateTime.getTime() + forMilliseconds;
    for (let looks = 1; ctx.currentUtcDateTime.getTime() < deadline; looks++) {
      const { percent } = yield* ctx.callActivity(Jobs).progress(job);
      if (percent === 100) return `${job} is done: it took ${looks} looks`;
      yield* ctx.createTimer(everyMilliseconds); // durable: it may be days, and the worker may be another one then
    }
    return `${job} is not done in time`;
  }
}
