import * as exported from '../../../compat/durable-functions.js';

export * from '../../../compat/durable-functions.js';
/** As a CommonJS package has it for whoever imports it. */
export default exported;
