import type { Wasm } from '#controller/api/gen/types.d.ts';
import type { WasmFilterIr } from '../../ir/wasm-filter.ts';
import type { Resources } from '../../resources/resources.ts';
import { type Outcome, refusal, type Refusal, success } from '../../resources/verdict.ts';
import type { ModuleAnswer } from '../../resources/wants.ts';
import { resolveSource } from './source.ts';

/** Stands for a module that nobody fetched: see `ModuleAnswer`. */
const ASSUMED = `sha256:${'0'.repeat(64)}`;

/** The policy that says a filter, and its place there. */
export interface WasmPlace {
  readonly namespace: string;
  readonly policy: string;
  readonly index: number;
}

/** A filter, and why its module is not there if it is not. */
export interface ResolvedWasm {
  readonly filter: WasmFilterIr;
  readonly unready: Refusal | undefined;
}

/** Resolves one entry of `wasm` of an EnvoyExtensionPolicy, and asks for its module; messages start with the field. */
export function resolveWasm(
  spec: Wasm,
  { namespace, policy, index }: WasmPlace,
  resources: Resources,
): Outcome<ResolvedWasm, 'Invalid'> {
  const path = `wasm[${index}].code`;
  const want = resolveSource(spec.code, path, namespace, resources);
  if (!want.ok) return want;
  const answer = resources.module(want.value);
  const name = `${namespace}/${policy}/${index}`;
  const filter: WasmFilterIr = {
    name,
    index,
    module: answer === undefined ? undefined : { digest: digestOf(answer) },
    pluginName: spec.name ?? name,
    rootId: spec.rootID ?? '',
    config: spec.config === undefined ? undefined : JSON.stringify(spec.config),
    hostKeys: spec.env?.hostKeys ?? [],
    failOpen: spec.failOpen,
  };
  if (answer !== undefined) return success({ filter, unready: undefined });
  const failure = resources.failure(want.value);
  const meanwhile = spec.failOpen ? 'its filter is left out' : 'requests that it is to see are answered with 500';
  const until = `until it is there ${meanwhile}, unless an earlier version serves`;
  const message = `${path}: ${failure ?? 'the module has not been fetched yet'}; ${until}`;
  return success({ filter, unready: refusal(failure === undefined ? 'Pending' : 'Invalid', message).refusal });
}

function digestOf(answer: ModuleAnswer): string {
  return answer.kind === 'module' ? answer.digest : ASSUMED;
}
