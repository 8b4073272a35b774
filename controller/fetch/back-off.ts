/** The longest pause between two tries of what fails, in milliseconds. */
const LONGEST = 60_000;

/**
 * The pause after so many failures in a row, counted from 1: twice as long each time, up to a minute (`most`), and shorter by up to a
 * half by chance, so that many who failed together do not come back together. Milliseconds.
 */
export function backOff(failures: number, first: number, random: number, most = LONGEST): number {
  const longest = Math.max(first, most);
  return Math.min(longest, first * 2 ** Math.min(failures - 1, 30)) * (0.5 + random / 2);
}
