import { AddressBlock } from "../../gen/match";
import { Limit, NamedValue, RateLimit, Selector } from "../../gen/rate_limit";
import { BLOCK_WORDS, writeBlock } from "../../match/assembly/address";
import { isAutomaton } from "../../match/assembly/automaton";
import { isPathMatch } from "../../match/assembly/path";
import { TIMEOUT } from "../../sdk/assembly/sidecar-call";

// Field numbers of the members of Selector.selector and NamedValue.test.
export const BY_HEADER: u32 = 1;
export const BY_METHOD: u32 = 2;
export const BY_PATH: u32 = 3;
export const BY_ADDRESS: u32 = 4;
export const BY_QUERY: u32 = 5;
export const EXACT: u32 = 2;
export const REGEX: u32 = 3;
export const DISTINCT: u32 = 4;

/** Most limits of one policy. */
export const MOST_LIMITS: i32 = 512;
/** Characters of the name under which a route's counters are counted. */
export const SCOPE_LENGTH: u32 = 32;

const SECOND: u64 = 1_000_000_000;

/** A limit with what is the same for all requests. */
@final
export class CompiledLimit {
  /** What stands for the limit on the route of `scope`, once it has been found out. */
  tag: u64 = 0;
  /** The scope that `tag` is of. */
  readonly scope: StaticArray<u64> = new StaticArray<u64>(4);
  /** Nanoseconds. */
  readonly window: u64;
  /** How long a token bucket takes to fill by one: nanoseconds. */
  readonly interval: u64;
  constructor(
    public limit: Limit,
    public isGlobal: bool,
    /** Whether every value of something has a counter of its own. */
    public isDistinct: bool,
    /** The blocks of its address selectors, one after the other. */
    public blocks: StaticArray<u64>,
    /** How long a request waits for the sidecar to count it. Milliseconds. */
    public timeout: u32,
  ) {
    this.window = <u64>limit.window * SECOND;
    this.interval = limit.requests == 0 ? 1 : max<u64>(1, this.window / limit.requests);
  }
}

/** Compiles limits, the local ones first; `null` when one cannot be evaluated: the caller must refuse all requests. */
export function compileLimits(message: RateLimit): CompiledLimit[] | null {
  const all: CompiledLimit[] = [];
  const timeout = message.timeout == 0 ? TIMEOUT : message.timeout;
  for (let i = 0; i < message.local.length; i++) if (!compile(message.local[i], false, timeout, all)) return null;
  for (let i = 0; i < message.global.length; i++) if (!compile(message.global[i], true, timeout, all)) return null;
  return all.length > MOST_LIMITS ? null : all;
}

/** Whether any of the limits has a selector that looks at the headers of a request: all but those of addresses do. */
export function readHeaders(limits: CompiledLimit[]): bool {
  for (let i = 0; i < limits.length; i++) {
    const selectors = limits[i].limit.selectors;
    for (let j = 0; j < selectors.length; j++) if (selectors[j].selectorCase != BY_ADDRESS) return true;
  }
  return false;
}

function compile(limit: Limit, isGlobal: bool, timeout: u32, to: CompiledLimit[]): bool {
  if (limit.window == 0) return false;
  let isDistinct = false;
  let count = 0;
  for (let i = 0; i < limit.selectors.length; i++) {
    const selector = limit.selectors[i];
    if (!isWhole(selector)) return false;
    if (hasDistinct(selector)) isDistinct = true;
    if (selector.selectorCase == BY_ADDRESS) count++;
  }
  const blocks = new StaticArray<u64>(count * BLOCK_WORDS);
  if (!writeBlocks(limit, blocks)) return false;
  to.push(new CompiledLimit(limit, isGlobal, isDistinct, blocks, timeout));
  return true;
}

function writeBlocks(limit: Limit, to: StaticArray<u64>): bool {
  let at = 0;
  for (let i = 0; i < limit.selectors.length; i++) {
    const block = blockOf(limit.selectors[i]);
    if (block === null) continue;
    if (!writeBlock(block, to, at)) return false;
    at += BLOCK_WORDS;
  }
  return at == to.length;
}

function blockOf(selector: Selector): AddressBlock | null {
  const address = selector.address;
  return selector.selectorCase != BY_ADDRESS || address === null ? null : address.block;
}

function isWhole(selector: Selector): bool {
  const path = selector.path;
  switch (selector.selectorCase) {
    case BY_HEADER: return isWholeTest(selector.header);
    case BY_QUERY: return isWholeTest(selector.queryParameter);
    case BY_PATH: return path !== null && isPathMatch(path);
    case BY_METHOD: return selector.method !== null;
    case BY_ADDRESS: return blockOf(selector) !== null;
    default: return false;
  }
}

function isWholeTest(value: NamedValue | null): bool {
  if (value === null) return false;
  if (value.testCase != REGEX) return value.testCase == EXACT || (value.testCase == DISTINCT && value.distinct && !value.invert);
  const regex = value.regex;
  return regex !== null && isAutomaton(regex);
}

function hasDistinct(selector: Selector): bool {
  const header = selector.header;
  const query = selector.queryParameter;
  const address = selector.address;
  switch (selector.selectorCase) {
    case BY_HEADER: return header !== null && header.testCase == DISTINCT;
    case BY_QUERY: return query !== null && query.testCase == DISTINCT;
    case BY_ADDRESS: return address !== null && address.distinct;
    default: return false;
  }
}
