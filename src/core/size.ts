export const MIB = 1024 * 1024;

/** For people: `512 KiB`, `34 MiB`, `1.2 GiB`. */
export function sizeOf(bytes: number): string {
  if (bytes < MIB) return `${Math.ceil(bytes / 1024)} KiB`;
  return bytes < 1024 * MIB ? `${Math.floor(bytes / MIB)} MiB` : `${(bytes / 1024 / MIB).toFixed(1)} GiB`;
}
