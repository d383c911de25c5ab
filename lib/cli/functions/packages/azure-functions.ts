import * as exported from '../../../compat/azure-functions.js';

export * from '../../../compat/azure-functions.js';
/** As a CommonJS package has it for whoever imports it. */
export default exported;
