type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only for a value of exactly the type. */
export function exactly<T>() {
  return <V>(_value: V, _isExact: Equal<V, T>): void => undefined;
}
