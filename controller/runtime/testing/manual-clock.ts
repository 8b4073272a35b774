import type { Clock } from '../clock.ts';

/** A clock that stands still until it is told to go on. */
export interface ManualClock extends Clock {
  /** Lets `ms` milliseconds pass; timers that fall due run in order. */
  pass(ms: number): void;
}

/** A manual clock that starts at `start` milliseconds since the epoch. */
export function manualClock(start = 0): ManualClock {
  let now = start;
  let timers: readonly { readonly due: number; readonly run: () => void }[] = [];
  return {
    now: () => now,
    after(ms, run) {
      const timer = { due: now + ms, run };
      timers = [...timers, timer];
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    pass(ms) {
      const end = now + ms;
      for (;;) {
        const [next] = timers.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
        if (next === undefined) break;
        timers = timers.filter((other) => other !== next);
        now = next.due;
        next.run();
      }
      now = end;
    },
  };
}
