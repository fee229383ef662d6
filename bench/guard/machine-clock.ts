/** Now, by the monotonic clock that all processes of this machine share, ms. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
