import type { StreamInfo } from '../processor/phases.ts';

/** What a processor is told of its stream, and the end of it. The signal is made only when somebody asks for it. */
export class StreamLife implements StreamInfo {
  readonly policy: string | undefined;
  #controller: AbortController | undefined;
  #ended = false;

  constructor(policy: string | undefined) {
    this.policy = policy;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#ended) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** The stream is over. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#controller?.abort();
  }
}
