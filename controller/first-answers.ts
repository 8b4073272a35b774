import type { Clock } from './runtime/clock.ts';

/**
 * The wait of a controller that starts for what policies need from outside. It ends for good as soon as nothing is missing, or
 * when it has taken so long.
 */
export class FirstAnswers {
  readonly #clock: Clock;
  readonly #longest: number | undefined;
  readonly #areMissing: () => boolean;
  readonly #over = Promise.withResolvers<void>();
  #isOver = false;
  #cancel: () => void = () => undefined;

  /** `longest` is in milliseconds; without it nothing is waited for. */
  constructor(clock: Clock, longest: number | undefined, areMissing: () => boolean) {
    this.#clock = clock;
    this.#longest = longest;
    this.#areMissing = areMissing;
    if (longest === undefined) this.#end();
  }

  /** Resolves when it is over. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Whether it goes on. */
  get areAwaited(): boolean {
    if (!this.#isOver && !this.#areMissing()) this.#end();
    return !this.#isOver;
  }

  /** Begins the time that it may take: before everything has been read nobody knows what is missing. */
  begin(late: () => void): void {
    if (this.#isOver || this.#longest === undefined) return;
    this.#cancel();
    this.#cancel = this.#clock.after(this.#longest, () => {
      if (this.#isOver) return;
      this.#end();
      late();
    });
  }

  /** Lets no time run any more. */
  stop(): void {
    this.#cancel();
  }

  #end(): void {
    this.#isOver = true;
    this.#cancel();
    this.#over.resolve();
  }
}
