/** Sizes beyond which nothing of an image is read, in bytes. What a registry says of sizes is never trusted. */
export const LIMITS = {
  /** A manifest or an index. */
  manifest: 512 * 1024,
  /** An answer that is a token or an error. */
  answer: 64 * 1024,
  /** A layer, as it is sent; a module cannot be larger than what the agents take. */
  layer: 64 * 1024 * 1024,
  /** A module. */
  module: 64 * 1024 * 1024,
  /** An archive: a module and some more, unpacked. */
  archive: 66 * 1024 * 1024,
  /** What the headers of one file in an archive may add up to. */
  tarHeader: 64 * 1024,
} as const;

/** Counts beyond which nothing of an image is read. */
export const MOST = { manifests: 64, layers: 16, files: 4_096 } as const;
