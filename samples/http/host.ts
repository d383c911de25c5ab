/** A server that the API is mounted into. */
export interface Host {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string;
  close(): Promise<void>;
}
