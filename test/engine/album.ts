import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { EntityContext, OrchestrationContext, type Orchestration } from 'perdure';

/** Programs whose values are large where their inputs say so. */

/** A text of a length, like no text of another seed. */
export function picture(length: number, seed: string): string {
  return `${seed}:`.repeat(Math.ceil(length / (seed.length + 1))).slice(0, length);
}

/** What is to be seen of a text without showing it. */
export function thumbnail(text: string): string {
  return `${text.slice(0, 8)} ${text.length}`;
}

@Entity('album')
export class Album {
  state: { pictures: string[]; shown: number } = { pictures: [], shown: 0 };
  @Operation({ input: String }) add(text: string): number {
    return this.state.pictures.push(text);
  }
  @Operation({ input: Number }) keep(count: number): number {
    return this.state.pictures.splice(count).length;
  }
  @Operation({ input: Number }) show(at: number): string | undefined {
    this.state.shown++;
    return this.state.pictures[at];
  }
  @Operation() thumbnails(): string[] {
    return this.state.pictures.map(thumbnail);
  }
  @Operation({ input: String }) copyTo(key: string, context: EntityContext): void {
    for (const text of this.state.pictures) context.signalEntity(Album, key).add(text);
  }
  @Operation() burn(): void {
    this.state = undefined as never;
  }
}

export class Studio {
  @Activity({ input: String }) develop(text: string): string {
    return text.toUpperCase();
  }
  @Activity({ input: Number }) paint(length: number): string {
    return picture(length, 'painted');
  }
}

/** A picture through an activity, a child, an entity and back. */
@Orchestrator('print')
export class Print {
  @Run({ input: String }) *run(text: string, context: OrchestrationContext): Orchestration<string> {
    const developed = yield* context.callActivity(Studio).develop(text);
    const framed = yield* context.callSubOrchestrator(Frame, developed);
    yield* context.callEntity(Album, 'prints').add(framed);
    const shown = yield* context.callEntity(Album, 'prints').show(0);
    return `${shown}${context.instanceId}`;
  }
}

@Orchestrator('frame')
export class Frame {
  @Run({ input: String }) *run(text: string, context: OrchestrationContext): Orchestration<string> {
    yield* context.createTimer(20);
    return `[${text}]`;
  }
}

/** Takes pictures as events, and begins anew after each two. */
@Orchestrator('gallery')
export class Gallery {
  @Run({ input: String }) *run(seen: string, context: OrchestrationContext): Orchestration<string> {
    const first = yield* context.waitForExternalEvent<string>('hang');
    const second = yield* context.waitForExternalEvent<string>('hang');
    if (first === '') return seen;
    context.continueAsNew(`${seen}${first}${second}`);
    return '';
  }
}
