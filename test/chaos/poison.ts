import { OrchestrationContext, type Orchestration } from 'perdure';
import { Entity, Operation, Orchestrator, Run } from 'perdure/decorators';

/** The exit code of a process that took poison. */
export const POISONED = 3;

/** The exit code of a process with a rejection that nobody handles. */
export const UNHANDLED = 1;

function take(word: string): string {
  if (word === 'poison') process.exit(POISONED);
  if (word === 'stray') void Promise.reject(new Error('nobody awaits this'));
  return word;
}

@Entity('fuse')
export class Fuse {
  state = { words: [] as string[] };
  @Operation({ input: String }) take(word: string): string[] {
    this.state.words.push(take(word));
    return this.state.words;
  }
}

@Orchestrator('stage')
export class Stage {
  @Run() *run(_: void, context: OrchestrationContext): Orchestration<string> {
    return take(yield* context.waitForExternalEvent<string>('word'));
  }
}
