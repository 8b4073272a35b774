import type { Clock } from '../runtime/clock.ts';

/** How many writes an API server is to take from us (EnvoyGateway `provider.kubernetes.client.rateLimit`). */
export interface WriteRate {
  /** Writes a second. */
  readonly qps: number;
  /** So many at once after a rest. */
  readonly burst: number;
}

/** A bucket of writes that fills steadily. */
export class WriteBudget {
  readonly #rate: WriteRate;
  readonly #clock: Clock;
  #left: number;
  #filledAt: number;

  constructor(rate: WriteRate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#left = rate.burst;
    this.#filledAt = clock.now();
  }

  /** Takes one; returns for how many milliseconds there is none, 0 where it was taken. */
  take(): number {
    const now = this.#clock.now();
    const filled = this.#left + (Math.max(0, now - this.#filledAt) / 1_000) * this.#rate.qps;
    this.#left = Math.min(this.#rate.burst, filled);
    this.#filledAt = now;
    if (this.#left < 1) return Math.ceil(((1 - this.#left) / this.#rate.qps) * 1_000);
    this.#left -= 1;
    return 0;
  }
}
