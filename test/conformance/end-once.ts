/**
 * Ends a program once, whoever asks first: it leaves, and then exits with the code of that one. Those who ask later wait for the
 * same. So a program that is told to end exits as it was told, though what it was doing fails by that.
 */
export function endOnce(leave: () => Promise<void>, exit: (code: number) => void): (code: number) => Promise<void> {
  let ended: Promise<void> | undefined;
  return (code) => (ended ??= leave().finally(() => exit(code)));
}
