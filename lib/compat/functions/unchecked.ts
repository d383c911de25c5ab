/**
 * What the original declares as unchecked: values that programs use as whatever they know them to be. Narrower types would
 * refuse programs that compile against the original.
 */
export type Unchecked = ReturnType<JSON['parse']>;
