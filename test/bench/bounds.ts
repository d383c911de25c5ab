/** Ends the benchmark's process with an error, once it has ended, when a figure is above its bound. */
export function holdTo(what: string, figure: number, most: number): void {
  if (figure <= most) return; // also NaN is above
  console.error(`Too much: ${what}: ${figure}, and ${most} at most`);
  process.exitCode = 1;
}
