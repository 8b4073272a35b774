/** So many lines of a container are kept. */
const MOST = 20_000;

/** What a container has written, with when. */
export class ContainerLog {
  readonly #lines: { readonly at: number; readonly text: string }[] = [];
  #begun = '';

  /** Takes output as it comes. */
  write(chunk: Buffer): void {
    const lines = (this.#begun + chunk.toString('utf8')).split('\n');
    this.#begun = lines.pop() ?? '';
    const at = Date.now();
    for (const text of lines) this.#lines.push({ at, text });
    if (this.#lines.length > MOST) this.#lines.splice(0, this.#lines.length - MOST);
  }

  /** Whole lines since a moment (milliseconds since 1970), each with its end. */
  since(moment: number): string {
    return this.#lines
      .filter(({ at }) => at >= moment)
      .map(({ text }) => `${text}\n`)
      .join('');
  }

  /** The last lines. */
  tail(count: number): readonly string[] {
    return this.#lines.slice(-count).map(({ text }) => text);
  }
}
