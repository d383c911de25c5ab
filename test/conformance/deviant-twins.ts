import { register } from 'node:module';
import { deviations } from './deviations.js';
import type { openTwin as OpenTwin } from './twin.js';

const root = new URL('../../', import.meta.url).href;
register(new URL('../simulation/mutation-hooks.js', import.meta.url), { data: { mutants: deviations, root } });

/** Loads the twin anew, with one of the deviations in its code. */
export async function openerOf(deviation: number): Promise<typeof OpenTwin> {
  const { openTwin } = (await import(`./twin.js?mutant=${deviation}`)) as { openTwin: typeof OpenTwin };
  return openTwin;
}
