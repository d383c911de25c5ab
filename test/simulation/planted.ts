/** For `node --import`: the library has the rare bug whose number `PERDURE_PLANTED` says, in all that is loaded. */
import { register } from 'node:module';
import { rareMutants } from './mutants/rare.js';

register(new URL('./mutation-hooks.js', import.meta.url), {
  data: {
    mutants: rareMutants,
    root: new URL('../../', import.meta.url).href,
    everywhere: process.env['PERDURE_PLANTED'],
  },
});
