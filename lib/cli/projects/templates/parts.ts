import type { Language } from './project.js';

/** A class, and the name that it is registered under. */
export interface Named {
  readonly className: string;
  readonly name: string;
}

/** A class of activities with its first one. */
export interface ActivityPart {
  readonly className: string;
  readonly method: string;
}

/** A file with one activity. */
export function activityFile(language: Language, { className, method }: ActivityPart): string {
  if (language === 'javascript')
    return `import { defineActivities } from 'perdure';

/** Activities may do anything, and run at least once. */
export class ${className} {
  async ${method}(name) {
    return \`Hello, \${name}!\`;
  }
}
defineActivities(${className}, { ${method}: String });
`;
  return `import { Activity } from 'perdure/decorators';

/** Activities may do anything, and run at least once. */
export class ${className} {
  @Activity()
  async ${method}(name: string): Promise<string> {
    return \`Hello, \${name}!\`;
  }
}
`;
}

/** A file with an orchestrator that calls an activity, or waits a moment. */
export function orchestratorFile(language: Language, { className, name }: Named, calls?: ActivityPart): string {
  const isTyped = language === 'typescript';
  const file = calls && `./${calls.className.toLowerCase()}.js`;
  const body = calls
    ? `    return yield* ctx.callActivity(${calls.className}).${calls.method}(name);`
    : `    yield* ctx.createTimer(1_000);\n    return \`Hello, \${name}!\`;`;
  const importsOwn = calls ? `import { ${calls.className} } from '${file}';\n` : '';
  if (!isTyped)
    return `import { defineOrchestrator } from 'perdure';
${importsOwn}
/** Orchestrators are replayed: what is not the same each time, such as the time, is asked of ctx. */
export class ${className} {
  *run(name, ctx) {
${body}
  }
}
defineOrchestrator(${className}, { name: '${name}', input: String });
`;
  return `import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
${importsOwn}
/** Orchestrators are replayed: what is not the same each time, such as the time, is asked of ctx. */
@Orchestrator('${name}')
export class ${className} {
  @Run()
  *run(name: string, ctx: OrchestrationContext): Orchestration<string> {
${body}
  }
}
`;
}

/** A file with an entity. */
export function entityFile(language: Language, { className, name }: Named): string {
  if (language === 'javascript')
    return `import { defineEntity } from 'perdure';

/** One object for each key: its state is durable, its operations run one at a time. */
export class ${className} {
  state = 0;

  add(amount) {
    return (this.state += amount);
  }

  get() {
    return this.state;
  }
}
defineEntity(${className}, { name: '${name}', operations: { add: Number, get: { readonly: true } } });
`;
  return `import { Entity, Operation } from 'perdure/decorators';

/** One object for each key: its state is durable, its operations run one at a time. */
@Entity('${name}')
export class ${className} {
  state = 0;

  @Operation()
  add(amount: number): number {
    return (this.state += amount);
  }

  @Operation({ readonly: true })
  get(): number {
    return this.state;
  }
}
`;
}
