/** Where progress goes: a line at a time. */
export type Log = (line: string) => void;

/** Lets a long piece of work say where it stands; the last word is shown with the next sign of life. */
export type Note = (text: string) => void;

const FIRST_SIGN_AFTER = 2_000;
const SIGN_EVERY = 5_000;

/**
 * Does `work`, and writes one line with the time it took. Work that takes longer than two seconds shows that it lives
 * every five seconds. Nothing is written after a failure: the error has the last word.
 */
export async function withProgress<T>(title: string, log: Log, work: (note: Note) => T | Promise<T>): Promise<T> {
  const start = Date.now();
  const seconds = (): string => `${((Date.now() - start) / 1000).toFixed(1)} s`;
  let last = '';
  const sign = (): void => log(`setup: ${title} ... ${last === '' ? '' : `${last}, `}${seconds()}`);
  let timer = setTimeout(() => {
    sign();
    timer = setInterval(sign, SIGN_EVERY);
  }, FIRST_SIGN_AFTER);
  try {
    const result = await work((text) => (last = text));
    log(`setup: ${title}: done in ${seconds()}`);
    return result;
  } finally {
    clearTimeout(timer);
  }
}

/** Writes progress to standard error: standard output may be somebody's data. */
export const logToStderr: Log = (line) => {
  process.stderr.write(`${line}\n`);
};
