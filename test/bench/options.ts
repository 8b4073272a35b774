import { parseArgs } from 'node:util';
import { resolve } from 'node:path';

/** The parts of the benchmark: (a) filters, (b) start, (c) one edit and memory, (d) edits under load, (e) the sidecar, (f) a policy changed. */
export const PARTS = ['a', 'b', 'c', 'd', 'e', 'f'] as const;

/** A part of the benchmark. */
export type Part = (typeof PARTS)[number];

/** The two workloads: (i) over a fixed number of Services, (ii) over as many Services as routes. */
export const WORKLOADS = ['i', 'ii'] as const;

/** A workload. */
export type Workload = (typeof WORKLOADS)[number];

/** What one run of the benchmark measures, and how often. */
export interface BenchOptions {
  readonly parts: readonly Part[];
  /** Numbers of HTTPRoutes, ascending, the first of them 1: it is the base of the memory that a route takes. */
  readonly sizes: readonly [1, ...number[]];
  /** Number of HTTPRoutes that stand by in (d). */
  readonly loadSize: number;
  readonly workloads: readonly Workload[];
  /** Number of ListenerSets in (c). */
  readonly listenerSets: number;
  /** Number of Services in workload (i). */
  readonly services: number;
  /** Starts of each kind in (b). */
  readonly starts: number;
  /** Edits of each kind in (c). */
  readonly edits: number;
  /** Edits of each kind in (d). */
  readonly editsUnderLoad: number;
  /** How long an edit in (d) may take to show: milliseconds. One that takes longer has failed. */
  readonly giveUp: number;
  /** Whether (d) is done beside a resolver that never answers, too. */
  readonly blackHole: boolean;
  /** Until an edit has no after-effects: milliseconds. What was removed is gone a second later, the drain of the xDS server. */
  readonly settled: number;
  /** Pauses after an edit in (d), in turn: milliseconds. Some end before what was replaced is taken away, some after it. */
  readonly pauses: readonly number[];
  /** How long the controller may take to give memory back. Milliseconds. */
  readonly afterScaleDown: number;
  /** Rounds of (a) and (e), and how long each place is under load in each of them: seconds. */
  readonly rounds: number;
  readonly loadSeconds: number;
  /** Policies in (f), routes of the Gateway in (f2), versions in (f4). */
  readonly policies: number;
  readonly gatewayPolicyRoutes: number;
  readonly policyVersions: number;
  /** The first of the 100 ports on loopback that the run uses. */
  readonly ports: number;
  /** Where `results.json` and `README.md` are written. */
  readonly out: string;
  /** Where CPU profiles of the controller are written, if anywhere; figures of memory then have the profiler's in them. */
  readonly profiles: string | undefined;
}

/** What a command line asks for. */
export type Parsed =
  | { readonly kind: 'options'; readonly options: BenchOptions }
  | { readonly kind: 'usage'; readonly message: string };

const DEFAULT = {
  sizes: [1, 1_000, 5_000],
  loadSize: 1_000,
  workloads: WORKLOADS,
  settled: 1_500,
  pauses: [30, 200, 1_300],
  services: 500,
  listenerSets: 250,
  starts: 5,
  edits: 20,
  editsUnderLoad: 50,
  giveUp: 15_000,
  blackHole: true,
  afterScaleDown: 20_000,
  rounds: 7,
  loadSeconds: 2,
  policies: 1_000,
  gatewayPolicyRoutes: 5_000,
  policyVersions: 10_000,
} as const;

/** So little that it only shows that the benchmark itself works. */
const QUICK = {
  sizes: [1, 200],
  loadSize: 200,
  workloads: ['ii'],
  settled: 300,
  pauses: [30, 200],
  services: 20,
  listenerSets: 5,
  starts: 1,
  edits: 2,
  editsUnderLoad: 2,
  giveUp: 60_000,
  blackHole: false,
  afterScaleDown: 500,
  rounds: 1,
  loadSeconds: 1,
  policies: 20,
  gatewayPolicyRoutes: 20,
  policyVersions: 1_000,
} as const;

const LARGEST = 20_000;
const MOST_LISTENER_SETS = 2_500;
const PORTS = 24_000;

/** Reads the arguments of `npm run bench --`. */
export function parseOptions(args: readonly string[], out: string): Parsed {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        full: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        'black-hole': { type: 'boolean', default: false },
        sizes: { type: 'string' },
        out: { type: 'string', default: out },
        ports: { type: 'string', default: String(PORTS) },
        profiles: { type: 'string' },
      },
    });
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  const unknown = positionals.find((word) => !isPart(word));
  if (unknown !== undefined) return usage(`found part ${unknown}, accepted are ${PARTS.join(', ')}`);
  const ports = Number(values.ports);
  if (!Number.isInteger(ports) || ports < 1_024 || ports > 65_435) {
    return usage(`--ports: found ${values.ports}, accepted is a whole number from 1024 to 65435`);
  }
  const sizes = values.sizes?.split(',').map(Number) ?? [];
  if (sizes.some((size) => !Number.isInteger(size) || size < 2 || size > LARGEST)) {
    return usage(`--sizes: found ${values.sizes ?? ''}, accepted are whole numbers from 2 to ${LARGEST}`);
  }
  const amount = values.quick ? QUICK : DEFAULT;
  const [, ...larger] = amount.sizes;
  const chosen = sizes.length > 0 ? sizes.toSorted((a, b) => a - b) : larger;
  return {
    kind: 'options',
    options: {
      ...amount,
      blackHole: amount.blackHole || values['black-hole'],
      sizes: [1, ...chosen, ...(values.full && !chosen.includes(LARGEST) ? [LARGEST] : [])],
      listenerSets: values.full ? MOST_LISTENER_SETS : amount.listenerSets,
      parts: positionals.length === 0 ? PARTS : PARTS.filter((part) => positionals.includes(part)),
      ports,
      out: resolve(values.out),
      profiles: values.profiles === undefined ? undefined : resolve(values.profiles),
    },
  };
}

function isPart(word: string): word is Part {
  return PARTS.some((part) => part === word);
}

function usage(message: string): Parsed {
  return {
    kind: 'usage',
    message: [
      `bench: ${message}`,
      'usage: npm run bench -- [a] [b] [c] [d] [e] [f] [--full] [--quick [--black-hole]] [--sizes N,N] [--ports FIRST] [--out FOLDER] [--profiles FOLDER]',
    ].join('\n'),
  };
}
