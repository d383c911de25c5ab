import { names } from '../definitions/names.js';
import { Registry, type Hosted } from '../definitions/registry.js';
import type { BoundActivity } from '../definitions/programs.js';
import type { ActivitySettings, Host } from '../engine/host.js';
import { checkInputType } from '../validation/check-input-type.js';
import { isDto } from '../validation/dto-plan.js';
import { isDateField } from '../validation/field-type.js';
import { revive } from '../validation/revive.js';
import { checkEntityKey, checkInstanceId, checkName } from '../wire/checks.js';
import { createValueCodec } from '../wire/value-codec.js';
import { hostedActivity } from './hosted-activity.js';

/**
 * What a worker hosts, checked and ready for the engine; `builtIn`: what comes with the package. Throws DefinitionError or
 * InvalidNameError.
 */
export function createHost(worker: string, hosted: Hosted, builtIn: Hosted = {}): Host {
  const values = createValueCodec({ revive, isDto, isDateField });
  const ports = { values, checkInput: checkInputType };
  const { entities, orchestrators, activities } = new Registry(hosted, ports, builtIn);
  return {
    worker,
    core: { values, names, ids: { checkInstanceId, checkEntityKey, checkName } },
    entities,
    orchestrators,
    activities: new Map([...activities].map(([name, activity]) => [name, hostedActivity(activity, values)])),
    activitySettings: new Map([...activities].map(([name, activity]) => [name, settingsOf(activity)])),
  };
}

function settingsOf(activity: BoundActivity): ActivitySettings {
  const { queue, concurrency, hubConcurrency, startToCloseTimeoutInMilliseconds: timeout } = activity;
  return { queue, concurrency, hubConcurrency, timeout };
}
