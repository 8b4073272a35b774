import {
  type Answered,
  type DocumentAnswer,
  type DocumentWant,
  type ModuleAnswer,
  type ModuleWant,
  type Want,
  wantKey,
} from './wants.ts';

const ASSUMED = { kind: 'assumed' } as const;

/** The answers to wants. One that did not change is the same object as before. */
export class Answers {
  readonly #byKey = new Map<string, Answered>();
  readonly #assumed: boolean;
  #version = 0;

  /** With `assumed`, whatever is not answered counts as if it were. */
  constructor(assumed: boolean) {
    this.#assumed = assumed;
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  document(want: DocumentWant): DocumentAnswer | undefined {
    const answer = this.#byKey.get(wantKey(want))?.answer;
    return answer === undefined || answer.kind === 'module' ? this.#otherwise() : answer;
  }

  module(want: ModuleWant): ModuleAnswer | undefined {
    const answer = this.#byKey.get(wantKey(want))?.answer;
    return answer === undefined || answer.kind === 'document' ? this.#otherwise() : answer;
  }

  #otherwise(): typeof ASSUMED | undefined {
    return this.#assumed ? ASSUMED : undefined;
  }

  failure(want: Want): string | undefined {
    return this.#byKey.get(wantKey(want))?.failure;
  }

  /** Sets what is known about a want; `undefined` forgets it. */
  set(want: Want, answered: Answered | undefined): void {
    const key = wantKey(want);
    this.#version += 1;
    if (answered === undefined) this.#byKey.delete(key);
    else this.#byKey.set(key, answered);
  }
}
