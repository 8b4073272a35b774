/** The pod that a connection comes from. Nothing rests on it but which agent is beside which Envoy of the same proxy. */
export interface Pod {
  readonly address: string;
  /** As it says itself (`POD_METADATA`); `undefined` where it does not. */
  readonly name: string | undefined;
}

/** The modules of one pod, as its agent tells of them. */
export interface PodModules {
  /** Whether the agent has said that this file is there and verified. */
  holds(path: string): boolean;
  /** Whether it has all that Envoy will be told to load, save what cannot be had. */
  readonly isComplete: boolean;
}

/**
 * Whether two connections are of one pod. Their addresses tell only where one says no name: those of the halves of a pod may
 * be of two families, and whatever is on the way may give one address to many.
 */
export function isSamePod(a: Pod | undefined, b: Pod | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.name !== undefined && b.name !== undefined ? a.name === b.name : a.address === b.address;
}
