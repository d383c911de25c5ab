import { Activity, Entity, Operation, Orchestrator, Run } from '../../decorators/index.js';
import { defineActivities, defineEntity } from '../../lib/definitions/define.js';
import { Registry } from '../../lib/definitions/registry.js';

// Compiled, never run: each expectation fails the build when the misuse below it compiles.

abstract class Abstract {
  state = 0;
}
// @ts-expect-error an abstract class is no entity
Entity('abstract')(Abstract);

class Stateless {}
// @ts-expect-error an entity has a state
Entity('stateless')(Stateless);
// @ts-expect-error an orchestrator has a method run
Orchestrator('without-run')(Stateless);
// @ts-expect-error an entity has a name
Entity();
// @ts-expect-error there is no such strategy
Orchestrator('loose', { version: '1', versionMatchStrategy: 'loose' });

export class Misused {
  // @ts-expect-error @Run() stands above run
  @Run() *start(): Generator<never> {}

  // @ts-expect-error a field is no operation
  @Operation() field = 0;

  // @ts-expect-error there is no such option
  @Operation({ readOnly: true }) misspelt(): void {}

  // @ts-expect-error the input is a class, not its name
  @Activity({ input: 'Amount' }) named(_amount: unknown): void {}

  // @ts-expect-error an array type names one class
  @Activity({ input: [String, Number] }) pair(_pair: unknown): void {}
}

class Jar {
  state = 0;
  put(_amount: number): void {}
}
defineEntity(Jar, { name: 'jar', operations: { put: Number } });
// @ts-expect-error the class has no such method
defineEntity(Jar, { name: 'jar', operations: { take: Number } });
// @ts-expect-error a field is no operation
defineEntity(Jar, { name: 'jar', operations: { state: true } });
// @ts-expect-error the class has no such method
defineActivities(Jar, { take: Number });

type Hosted = ConstructorParameters<typeof Registry>[0];
export const hosted: Hosted = { entities: [Jar], activities: [new Jar()] };
// @ts-expect-error entities are registered as classes
export const instances: Hosted = { entities: [new Jar()] };
