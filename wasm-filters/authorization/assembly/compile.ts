import { Authorization, AuthorizationAction, AuthorizationRule, ClaimMatch, ClaimType, JwtPrincipal } from "../../gen/authorization";
import { PathMatch } from "../../gen/match";
import { BLOCK_WORDS, writeBlock } from "../../match/assembly/address";
import { isPathMatch } from "../../match/assembly/path";
import { hashOf } from "../../sdk/assembly/hash";
import { literal, Slice } from "../../sdk/assembly/slice";

/** What a condition compares. */
export namespace Compares {
  /** Values of a header; `subject` is its number. */
  export const header: u32 = 0;
  /** The name of the provider that accepted a token. */
  export const provider: u32 = 1;
  /** A claim, or an element of one; `subject` is its number. */
  export const claim: u32 = 2;
  export const claimElement: u32 = 3;
  export const scope: u32 = 4;
  /** The path, with the path match of the number `first`. */
  export const path: u32 = 5;
  /** The client's address, with blocks. */
  export const client: u32 = 6;
  /** Nothing: the condition is never met. */
  export const nothing: u32 = 7;
}

// A rule is [denies][hint][first condition][condition after its last]; a condition [Compares][subject][first value][value after the
// last]; a value [hash][pointer and length].
export const RULE_WORDS: i32 = 4;
/** Bit of a hint: what it is about is a claim, and no header. */
export const HINT_CLAIM: u32 = 0x80000000;
export const CONDITION_WORDS: i32 = 4;
export const VALUE_WORDS: i32 = 2;

const METHOD = literal(":method");

/** Rules in a form that is fast to evaluate. Its values are where they stand in the policy's bytes. */
@final
export class CompiledAuthorization {
  rules: StaticArray<u32> = new StaticArray<u32>(0);
  /**
   * By rule, if its hint is not 0: the hash that the text of a header or claim must have for it to match; the hint is the number
   * of that, from 1. Of a thousand rules nearly all are passed over by it.
   */
  hashes: StaticArray<u64> = new StaticArray<u64>(0);
  conditions: StaticArray<u32> = new StaticArray<u32>(0);
  values: StaticArray<u64> = new StaticArray<u64>(0);
  blocks: StaticArray<u64> = new StaticArray<u64>(0);
  paths: PathMatch[] = [];
  headers: Slice[] = [];
  claims: Slice[][] = [];
  allowsByDefault: bool = false;
}

/** Compiles rules; `null` when one of them cannot be evaluated: the caller must refuse all requests. */
export function compileAuthorization(message: Authorization): CompiledAuthorization | null {
  const made = new CompiledAuthorization();
  made.allowsByDefault = message.defaultAction == AuthorizationAction.ALLOW;
  made.rules = new StaticArray<u32>(message.rules.length * RULE_WORDS);
  made.hashes = new StaticArray<u64>(message.rules.length);
  made.conditions = new StaticArray<u32>(countConditions(message) * CONDITION_WORDS);
  made.values = new StaticArray<u64>(countValues(message) * VALUE_WORDS);
  made.blocks = new StaticArray<u64>(countBlocks(message) * BLOCK_WORDS);
  const compiler = new Compiler(made);
  for (let i = 0; i < message.rules.length; i++) if (!compiler.addRule(message.rules[i], i)) return null;
  return made;
}

function countConditions(message: Authorization): i32 {
  let count = 0;
  for (let i = 0; i < message.rules.length; i++) {
    const rule = message.rules[i];
    const jwt = rule.jwt;
    count += rule.headers.length + (rule.methods.length > 0 ? 1 : 0) + (rule.clients.length > 0 ? 1 : 0);
    if (rule.path !== null) count++;
    if (jwt !== null) count += 1 + jwt.claims.length + jwt.scopes.length;
  }
  return count;
}

function countValues(message: Authorization): i32 {
  let count = 0;
  for (let i = 0; i < message.rules.length; i++) {
    const rule = message.rules[i];
    const jwt = rule.jwt;
    count += rule.methods.length;
    for (let j = 0; j < rule.headers.length; j++) count += rule.headers[j].values.length;
    if (jwt === null) continue;
    count += 1 + jwt.scopes.length;
    for (let j = 0; j < jwt.claims.length; j++) count += jwt.claims[j].values.length;
  }
  return count;
}

function countBlocks(message: Authorization): i32 {
  let count = 0;
  for (let i = 0; i < message.rules.length; i++) count += message.rules[i].clients.length;
  return count;
}

@final
class Compiler {
  private conditions: i32 = 0;
  private values: i32 = 0;
  private blocks: i32 = 0;
  private headerNumbers: Map<string, i32> = new Map();
  private claimNumbers: Map<string, i32> = new Map();

  constructor(private made: CompiledAuthorization) {}

  /** What is cheapest to find out comes first. */
  addRule(rule: AuthorizationRule, index: i32): bool {
    const at = index * RULE_WORDS;
    this.made.rules[at] = rule.action == AuthorizationAction.ALLOW ? 0 : 1;
    this.made.rules[at + 2] = this.conditions;
    if (rule.methods.length > 0) this.add(Compares.header, this.headerNumber(METHOD), rule.methods);
    const jwt = rule.jwt;
    if (jwt !== null) this.add(Compares.provider, 0, [jwt.provider]);
    for (let i = 0; i < rule.headers.length; i++) {
      this.add(Compares.header, this.headerNumber(rule.headers[i].name), rule.headers[i].values);
    }
    const path = rule.path;
    if (path !== null && !this.addPath(path)) return false;
    if (jwt !== null) this.addJwt(jwt);
    if (rule.clients.length > 0 && !this.addClients(rule)) return false;
    this.made.rules[at + 3] = this.conditions;
    this.addHint(rule, index);
    return true;
  }

  /** A hint is one condition that is met by one text only. To a rule that denies parts of a text may be enough. */
  private addHint(rule: AuthorizationRule, index: i32): void {
    if (rule.action != AuthorizationAction.ALLOW) return;
    const jwt = rule.jwt;
    const headers = rule.headers;
    if (headers.length > 0 && headers[0].values.length == 1) {
      this.hint(index, <u32>this.headerNumber(headers[0].name) + 1, headers[0].values[0]);
    } else if (jwt !== null && jwt.claims.length > 0 && comparesClaim(jwt.claims[0]) == Compares.claim) {
      const claim = jwt.claims[0];
      if (claim.values.length == 1) this.hint(index, HINT_CLAIM | (<u32>this.claimNumber(claim.claim) + 1), claim.values[0]);
    }
  }

  private hint(index: i32, hint: u32, value: Slice): void {
    this.made.rules[index * RULE_WORDS + 1] = hint;
    this.made.hashes[index] = hashOf(value.ptr, value.len);
  }

  private addJwt(jwt: JwtPrincipal): void {
    for (let i = 0; i < jwt.claims.length; i++) {
      const match = jwt.claims[i];
      this.add(comparesClaim(match), this.claimNumber(match.claim), match.values);
    }
    for (let i = 0; i < jwt.scopes.length; i++) this.add(Compares.scope, 0, [jwt.scopes[i]]);
  }

  private addPath(path: PathMatch): bool {
    const number = this.made.paths.push(path) - 1;
    this.condition(Compares.path, 0, number, number + 1);
    return isPathMatch(path);
  }

  private addClients(rule: AuthorizationRule): bool {
    const first = this.blocks;
    for (let i = 0; i < rule.clients.length; i++) {
      if (!writeBlock(rule.clients[i], this.made.blocks, this.blocks * BLOCK_WORDS)) return false;
      this.blocks++;
    }
    this.condition(Compares.client, 0, first, this.blocks);
    return true;
  }

  private add(compares: u32, subject: i32, values: Slice[]): void {
    const first = this.values;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      const at = this.values++ * VALUE_WORDS;
      this.made.values[at] = hashOf(value.ptr, value.len);
      this.made.values[at + 1] = <u64>value.ptr | (<u64>value.len << 32);
    }
    this.condition(compares, subject, first, this.values);
  }

  private condition(compares: u32, subject: i32, first: i32, end: i32): void {
    const at = this.conditions++ * CONDITION_WORDS;
    this.made.conditions[at] = compares;
    this.made.conditions[at + 1] = subject;
    this.made.conditions[at + 2] = first;
    this.made.conditions[at + 3] = end;
  }

  /** The number of a header: rules that look at the same one share it. */
  private headerNumber(name: Slice): i32 {
    const key = String.UTF8.decodeUnsafe(name.ptr, name.len);
    if (this.headerNumbers.has(key)) return this.headerNumbers.get(key);
    const number = this.made.headers.push(name) - 1;
    this.headerNumbers.set(key, number);
    return number;
  }

  private claimNumber(claim: Slice[]): i32 {
    let key = "";
    for (let i = 0; i < claim.length; i++) key += "\0" + String.UTF8.decodeUnsafe(claim[i].ptr, claim[i].len);
    if (this.claimNumbers.has(key)) return this.claimNumbers.get(key);
    const number = this.made.claims.push(claim) - 1;
    this.claimNumbers.set(key, number);
    return number;
  }
}

function comparesClaim(match: ClaimMatch): u32 {
  if (match.type == ClaimType.STRING) return Compares.claim;
  return match.type == ClaimType.STRING_ARRAY ? Compares.claimElement : Compares.nothing;
}
