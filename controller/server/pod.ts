/** The modules of one pod, as its agent tells of them. */
export interface PodModules {
  /** Whether the agent has said that this file is there and verified. */
  holds(path: string): boolean;
  /** Whether it has all that Envoy will be told to load, save what cannot be had. */
  readonly isComplete: boolean;
}

/** The name of a pod has 253 characters at most, its uid 36. */
const LONGEST = 300;

/**
 * The pod that a connection comes from, as one text: of the halves of a pod it is the same, of any other pod of the proxy it is
 * another. That is what the pod says of itself (`POD_METADATA`), its name and uid, by which it is no other even if one of that
 * name was there before; only who says nothing is known by its address. The address of a pod that says who it is tells
 * nothing: its halves may come by two families, and whatever is on the way may give one address to many. `undefined` where there
 * is neither, on this machine.
 *
 * The certificate of a connection says which proxy it is of, and not which pod: the pods of a proxy share theirs. So a name means
 * something among the pods of that proxy alone, each of which is trusted with all that it is, and nothing to any other proxy.
 */
export function podOf(said: unknown, address: string | undefined): string | undefined {
  return typeof said === 'string' && said !== '' && said.length <= LONGEST ? said : address;
}
