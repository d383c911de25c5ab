import { count, list, ShapeError, type Shape } from './shapes.js';

const numbers = list(count);

/** Inputs consumed: pairs, flat. */
export const pairs: Shape<readonly number[]> = (value) => {
  const flat = numbers(value);
  if (flat.length % 2 !== 0) throw new ShapeError('must hold pairs');
  return flat;
};
