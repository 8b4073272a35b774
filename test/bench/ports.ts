/** The ports of a run, all on loopback. */
export interface Ports {
  readonly gateway: number;
  /** The listener of the Envoy that is compared with. */
  readonly bare: number;
  readonly admin: number;
  readonly inspector: number;
  /** The HTTPS listeners of ListenerSets. */
  readonly tls: number;
  /** Of the back-ends, which answer "a", "b". */
  readonly backEnds: readonly [number, number];
}

/** The ports from `first` on. */
export function portsFrom(first: number): Ports {
  return {
    gateway: first,
    bare: first + 1,
    admin: first + 2,
    inspector: first + 3,
    tls: first + 4,
    backEnds: [first + 10, first + 11],
  };
}
