/**
 * Questions that requests ask the sidecar, and the requests that wait for the answers.
 *
 * A request that asks is stopped and, when the answer is there, evaluated again from the start: what it asked is then
 * answered at once. So nothing of an evaluation is kept over a pause but the answers. Requests with the same question share
 * one call. Everything is bounded: who finds no place is told that there is no answer, and so is who asks too often.
 */
import { resetArena } from "./arena";
import { continueRequest, getProperty, resultLen, resultPtr, useStream } from "./host";
import { sha256 } from "./sha256";
import { callSidecar, TIMEOUT } from "./sidecar-call";
import { literal, sameBytes, Slice } from "./slice";

/** What `ask` gives beside what the reader of an answer made of it, which is not negative. */
export namespace Asked {
  /** The request has to wait: stop it. */
  export const waiting: i32 = -1;
  /** There is no answer: the sidecar is gone, slow, or too much is asked of it. */
  export const failed: i32 = -2;
}

/** Calls under way at a time, and requests that wait for them, of one worker. */
const MOST_CALLS: u32 = 256;
const MOST_WAITERS: u32 = 1024;
/** Questions that one request may ask. */
const MOST_ANSWERS: u32 = 8;
const DIGEST_SIZE: usize = 32;

// A call: [used][token][kind][tag][first waiter][last waiter][owner u64][digest].
const CALL_SIZE: usize = 64;
const CALLS: usize = memory.data(16384, 8);
// A waiter: [next][context][number of answers][plugin][mark] and the answers, each [kind][outcome][digest].
const ANSWERS: usize = 24;
const ANSWER_SIZE: usize = 40;
const WAITER_SIZE: usize = 344;

const ROOT_ID = literal("plugin_root_id");
const DIGEST: usize = memory.data(32, 8);
/** The question of the call whose waiters are being resumed. */
const ANSWERED: usize = memory.data(32, 8);

let waiters: u32 = 0;
/** Which configuration of the plugins is in force, counted. */
let epoch: u32 = 0;
/** The request that is evaluated, and its answers so far: 0 when it never waited. */
let stream: u32 = 0;
let plugin: u32 = 0;
let waiter: usize = 0;
/** Whether the evaluation that is going on has a call to wait for. */
let waits: bool = false;

/** Says that a plugin was configured: calls made before may end with the plugin that made them. */
export function noteConfiguration(): void {
  epoch++;
}

/** Says which request is evaluated from now on, and for which plugin. Call it first for each. */
export function enterStream(context: u32, ofPlugin: u32 = 0): void {
  stream = context;
  plugin = ofPlugin;
  waiter = 0;
  waits = false;
}

/** The context of the request that is evaluated. */
export function streamContext(): u32 {
  return stream;
}

/** The plugin of the request that is evaluated, as `enterStream` was told, also after it has waited. */
export function streamPlugin(): u32 {
  return plugin;
}

/** Says of the request that is evaluated, and has to wait, that it will be known again by `isMarked`. */
export function markWaiting(): void {
  if (waiter != 0) store<u32>(waiter, 1, 16);
}

/** Whether the request that is evaluated waited when it was marked. */
export function isMarked(): bool {
  return waiter != 0 && load<u32>(waiter, 16) != 0;
}

/**
 * Asks `method` of the sidecar for the request that is evaluated: gives what the reader of answers of this `kind` made of
 * the answer, or an `Asked`. `tag` is for that reader. A request waits for one answer at a time: what it asks beside that is
 * under way meanwhile. After `timeout` milliseconds, counted from the first that asks the same, there is no answer.
 */
export function ask(kind: u32, tag: u32, method: Slice, message: usize, len: u32, timeout: u32 = TIMEOUT): i32 {
  sha256(message, len, DIGEST);
  const known = answerOf(kind);
  if (known != Asked.waiting) return known;
  let call = sameCall(kind, tag);
  if (call == 0) call = newCall(kind, tag, method, message, len, timeout);
  return call != 0 && (waits || wait(call)) ? Asked.waiting : Asked.failed;
}

/** Asks without waiting, unless the same is being asked already; false when that is not possible. */
export function askInBackground(kind: u32, tag: u32, method: Slice, message: usize, len: u32, timeout: u32 = TIMEOUT): bool {
  sha256(message, len, DIGEST);
  return sameCall(kind, tag) != 0 || newCall(kind, tag, method, message, len, timeout) != 0;
}

/** The call of this token, or 0. */
export function callOf(token: u32): usize {
  for (let i: u32 = 0; i < MOST_CALLS; i++) {
    const call = callAt(i);
    if (load<u32>(call) != 0 && load<u32>(call, 4) == token) return call;
  }
  return 0;
}

@inline export function kindOfCall(call: usize): u32 { return load<u32>(call, 8); }
@inline export function tagOfCall(call: usize): u32 { return load<u32>(call, 12); }

/**
 * Ends a call with what was made of its answer, and evaluates the requests that wait for it: `evaluate` says whether one
 * may go on. Nothing in the arena survives it.
 */
export function settle(call: usize, outcome: i32, evaluate: () => bool): void {
  const kind = kindOfCall(call);
  let next = <usize>load<u32>(call, 16);
  memory.copy(ANSWERED, call + 32, DIGEST_SIZE);
  store<u32>(call, 0);
  while (next != 0) {
    const one = next;
    next = <usize>load<u32>(one);
    resetArena();
    resume(one, kind, outcome, evaluate);
  }
}

function resume(one: usize, kind: u32, outcome: i32, evaluate: () => bool): void {
  const context = load<u32>(one, 4);
  waits = false;
  if (useStream(context)) {
    note(one, kind, outcome);
    stream = context;
    plugin = load<u32>(one, 12);
    waiter = one;
    if (evaluate()) continueRequest();
  }
  if (waits) return;
  heap.free(one);
  waiters--;
}

function note(one: usize, kind: u32, outcome: i32): void {
  const count = load<u32>(one, 8);
  const answer = one + ANSWERS + <usize>count * ANSWER_SIZE;
  store<u32>(answer, kind);
  store<i32>(answer, outcome, 4);
  memory.copy(answer + 8, ANSWERED, DIGEST_SIZE);
  store<u32>(one, count + 1, 8);
}

/** The answer that this request has to the question in `DIGEST`; `Asked.waiting` when it never asked. */
function answerOf(kind: u32): i32 {
  if (waiter == 0) return Asked.waiting;
  const end = waiter + ANSWERS + <usize>load<u32>(waiter, 8) * ANSWER_SIZE;
  for (let answer = waiter + ANSWERS; answer != end; answer += ANSWER_SIZE) {
    if (load<u32>(answer) == kind && sameBytes(answer + 8, DIGEST, DIGEST_SIZE)) return load<i32>(answer, 4);
  }
  return Asked.waiting;
}

@inline function callAt(index: u32): usize { return CALLS + <usize>index * CALL_SIZE; }

/** The call under way that asks what is in `DIGEST` and that this request may wait for, or 0. */
function sameCall(kind: u32, tag: u32): usize {
  const own = owner();
  for (let i: u32 = 0; i < MOST_CALLS; i++) {
    const call = callAt(i);
    if (load<u32>(call) == 0 || kindOfCall(call) != kind || tagOfCall(call) != tag) continue;
    if (load<u64>(call, 24) == own && sameBytes(call + 32, DIGEST, DIGEST_SIZE)) return call;
  }
  return 0;
}

function newCall(kind: u32, tag: u32, method: Slice, message: usize, len: u32, timeout: u32): usize {
  for (let i: u32 = 0; i < MOST_CALLS; i++) {
    const call = callAt(i);
    if (load<u32>(call) != 0) continue;
    const token = callSidecar(method, message, len, timeout);
    if (token < 0) return 0;
    store<u32>(call, 1);
    store<u32>(call, <u32>token, 4);
    store<u32>(call, kind, 8);
    store<u32>(call, tag, 12);
    store<u64>(call, 0, 16);
    store<u64>(call, owner(), 24);
    memory.copy(call + 32, DIGEST, DIGEST_SIZE);
    return call;
  }
  return 0;
}

/**
 * Stands for the plugin, and the configuration of it, that a call is made by. Envoy drops a plugin's calls without a word
 * when its last request has gone, so nobody else may wait for them.
 */
function owner(): u64 {
  let hash: u64 = 0xcbf29ce484222325 ^ <u64>epoch;
  if (getProperty(ROOT_ID)) {
    for (let i: u32 = 0; i < resultLen(); i++) hash = (hash ^ <u64>load<u8>(resultPtr() + i)) * 0x100000001b3;
  }
  return hash;
}

function wait(call: usize): bool {
  let one = waiter;
  if (one == 0) {
    if (waiters == MOST_WAITERS) return false;
    waiters++;
    one = heap.alloc(WAITER_SIZE);
    store<u32>(one, stream, 4);
    store<u32>(one, 0, 8);
    store<u32>(one, plugin, 12);
    store<u32>(one, 0, 16);
    waiter = one;
  } else if (load<u32>(one, 8) == MOST_ANSWERS) {
    return false;
  }
  // Who came first is looked at first: the answer is to what that one needs, and who comes later must not use it up.
  store<u32>(one, 0);
  const last = <usize>load<u32>(call, 20);
  store<u32>(last == 0 ? call + 16 : last, <u32>one);
  store<u32>(call, <u32>one, 20);
  waits = true;
  return true;
}
