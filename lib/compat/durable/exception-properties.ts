/** Gives errors of activities properties of the app's own. */
export interface ExceptionPropertiesProvider {
  /** What to tell of an error beside its name, message and stack; undefined: nothing. */
  getExceptionProperties(error: unknown): Record<string, unknown> | undefined;
}

let provider: ExceptionPropertiesProvider | undefined;

/** Sets the provider of the app; undefined: there is none. */
export function setExceptionPropertiesProvider(given: ExceptionPropertiesProvider | undefined): void {
  provider = given;
}

/** What is thrown in place of an error: itself, with the properties that the provider gives as fields. */
export function withProperties(error: unknown): unknown {
  const properties = propertiesOf(error);
  if (!properties) return error;
  const thrown = error instanceof Error ? error : new Error(String(error));
  for (const [name, value] of Object.entries(properties))
    if (!(name in thrown)) Object.defineProperty(thrown, name, { value, enumerable: true, configurable: true });
  return thrown;
}

/** A faulty provider does not hide the error. */
function propertiesOf(error: unknown): Record<string, unknown> | undefined {
  if (error instanceof Error && !Object.isExtensible(error)) return undefined;
  try {
    return provider?.getExceptionProperties(error);
  } catch {
    return undefined;
  }
}
