import type { SeedWorld } from './seed-world.ts';

/** Manifests that the documents apply together, and what becomes of them. */
export interface SeedGroup {
  readonly name: string;
  /** Short names of the files, in the order in which they are read. */
  readonly files: readonly string[];
  /** Files that are no manifests as they are written, by short name, and what makes them ones: read beside the others. */
  readonly corrected?: { readonly [file: string]: (text: string) => string };
  /** Whether requests need the `policy` module and the sidecar. */
  readonly policies?: boolean;
  /** Manifests of our own that the documents take for granted: YAML. */
  readonly extra?: string;
  /**
   * Services that exist, "<namespace>/<name>:<port>"; each has a back-end that answers with its name: to requests, or with
   * "/TCP", "/TLS" or "/UDP" at the end to whatever it gets.
   */
  readonly services?: readonly string[];
  /** Services that exist and speak gRPC, with these methods, which take and give any number of messages. */
  readonly grpcServices?: { readonly [service: string]: readonly string[] };
  /** Certificates that exist: Secret "<namespace>/<name>", by the host they are for. */
  readonly certificates?: { readonly [secret: string]: string };
  /** Problems of reading, in order: "<file>:<line>:<column>: <text>", the end as a regular expression. */
  readonly problems?: readonly (readonly [at: string, message: RegExp])[];
  /** What is said of every object, a line for each subject (`showSaid`). */
  readonly status: readonly string[];
  /** Messages that must be among those of the status: what is not implemented is named. */
  readonly says?: readonly RegExp[];
  /** Requests on real Envoy. */
  readonly live?: (world: SeedWorld) => Promise<void>;
}
