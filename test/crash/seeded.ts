/** Numbers from 0 up to 1 that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` of the numbers 1 to `last`: two thirds spread evenly, the rest by chance; all of them where that is not fewer. */
export function chooseNumbers(last: number, count: number, random: () => number): number[] {
  if (count >= last) return Array.from({ length: last }, (_, index) => index + 1);
  const chosen = new Set<number>();
  const even = Math.ceil((count * 2) / 3);
  for (let index = 0; index < even; index++) chosen.add(Math.floor(((index + random()) * last) / even) + 1);
  while (chosen.size < count) chosen.add(Math.floor(random() * last) + 1);
  return [...chosen].toSorted((a, b) => a - b);
}
