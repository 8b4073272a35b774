import { compileFilter } from '#wasm-filters/build.ts';
import { loadFilter } from '#wasm-filters/testing/filter-host.ts';
import { encodePolicy, onRoute } from '#wasm-filters/testing/policy-bytes.ts';
import { enumMembers } from '#proto/load.ts';
import type { Bench } from '../bench.ts';
import { result } from '../result.ts';

const { ALLOW, DENY } = enumMembers('sluice.filter.v1.AuthorizationAction');

/** (f4): memory of the `policy` module after many versions of one policy, beside that after the first few. */
export async function guestMemory(bench: Bench): Promise<void> {
  const host = await loadFilter(await compileFilter('policy'));
  if (!host.configure(new Uint8Array())) throw new Error('the module refuses an empty configuration');
  const judge = (version: number): void => {
    const policy = encodePolicy({
      source: `version ${version}`,
      authorization: { defaultAction: DENY, rules: [{ name: `rule ${version}`, action: ALLOW }] },
    });
    const { kind } = host.request({ headers: [[':path', '/']], properties: onRoute(policy) });
    if (kind !== 'continue') throw new Error(`version ${version} answers with ${kind}`);
  };
  const early = bench.options.policyVersions / 2;
  for (let version = 0; version < early; version += 1) judge(version);
  const before = host.memoryBytes();
  for (let version = early; version < bench.options.policyVersions; version += 1) judge(version);
  bench.add(
    result({
      id: 'f4/memory',
      case: `memory of the module after ${bench.options.policyVersions} versions of a policy; reference: after ${early} (KiB)`,
      n: 1,
      ours: host.memoryBytes() / 1_024,
      reference: before / 1_024,
      target: { of: 'ratio', most: 1, words: 'no more' },
    }),
  );
}
