import { edit, ofLocking, smallOfLocking, type Mutant } from './mutant.js';

const CYCLES = 'engine/call-cycles.js';
const WAITS = 'engine/call-waits.js';

/** Bugs of calls that wait for each other in a circle. */
export const ofCycles: readonly Mutant[] = [
  ofLocking(
    'P18',
    'a call that closes a circle is refused, and carried out as well',
    edit(CYCLES, 'this.#instances.backlog.remove(instance, input);', ''),
  ),
  smallOfLocking(
    'P18',
    'a parked call that closes a circle is refused, and carried out in its turn as well',
    edit('engine/entity-activation.js', 'return this.#swept(this.#locks.passed(message));', 'return undefined;'),
  ),
  smallOfLocking(
    'P18',
    'a parked call that was refused is taken for one that is to be passed over for ever',
    edit(
      'engine/entity-locks.js',
      '? { entry: { lock: settled(caller) }, messages: [] }',
      '? { entry: {}, messages: [] }',
    ),
  ),
  ofLocking(
    'P18',
    'a call is refused whose look has not come back to where it began',
    edit(CYCLES, 'waitsOf(instance).find(({ call }) => isSameCall(call, calls[0]))', '{ call: calls[0] }'),
  ),
  ofLocking(
    'P18',
    'of the calls that wait for an entity the first one is refused, and not that which closes the circle',
    edit(
      CYCLES,
      'return [...waiting.here].find(({ body }) => isCallOf(body, call));',
      'return [...waiting.here].find(({ body }) => isCallOf(body, call)) && [...waiting.here].find(({ body }) => body.caller);',
    ),
  ),
  ofLocking(
    'P18',
    'no look goes along what an operation waits for',
    edit(WAITS, 'return [...calls, ...lock];', 'return lock;'),
  ),
  ofLocking(
    'P18',
    'no look passes a lock',
    edit(WAITS, 'holder && others ? [{ call: { ...holder, locked: address }, to: others }] : none', 'none'),
  ),
  ofLocking(
    'P18',
    'a call is believed to wait that is parked, although another one is',
    edit(CYCLES, 'const input = inputs.find(({ body }) => isCallOf(body, call));', 'const [input] = inputs;'),
  ),
  smallOfLocking(
    'P18',
    'no look finds what is parked',
    edit(CYCLES, 'if (instance.waiting.missing && (instance.running ?? instance.activation?.lockHeld))', 'if (false)'),
  ),
  ofLocking(
    'P18',
    'a look that is lost is not repeated',
    edit('engine/repeated-looks.js', 'this.#look(instance);', ''),
  ),
  ofLocking(
    'P18',
    'whoever takes over looks for no circle in what it has restored',
    edit(CYCLES, 'if (waitsOf(instance).length > 0)', 'if (false)'),
  ),
];
