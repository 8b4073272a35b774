import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, PATIENCE } from '../bench.ts';
import { HttpConnection } from '../http-connection.ts';
import { startLoad } from '../load.ts';
import { residentKib } from '../process-usage.ts';
import { result } from '../result.ts';
import { startSluice } from '../sluice.ts';
import { median, spreadOf } from '../statistics.ts';
import { untilAnswer } from '../until-answer.ts';
import { EDIT_HEADER, editValue, hostOf, writeWorld } from '../world.ts';
import { observedProxy } from '../observed-proxy.ts';
import { guestMemory } from './guest-memory.ts';
import { editedPolicy, headersOf, PLAIN_HOST, plainRoute, policyWorld, type PolicyShape } from './policy-world.ts';

const TARGET = { of: 'ratio', most: 1.5, words: 'at most 1.5 times a change without policy' } as const;
const NONE = { of: 'value', most: 0, words: 'none' } as const;
/** Between two edits, so that each is one of its own. Milliseconds. */
const BETWEEN = 250;
const LONG_POLICY = 1_000;

/** (f): what a change of a policy costs among many. */
export async function benchPolicies(bench: Bench): Promise<void> {
  const { policies, gatewayPolicyRoutes, policyVersions } = bench.options;
  await bench.attempt(`(f) one of ${policies} policies changed`, () => benchOne(bench, 'f', 'routes', policies));
  const words = `(f2) the policy of a Gateway of ${gatewayPolicyRoutes} routes changed`;
  await bench.attempt(words, () => benchOne(bench, 'f2', 'gateway', gatewayPolicyRoutes));
  await bench.attempt(`(f4) ${policyVersions} versions of a policy`, () => guestMemory(bench));
}

async function benchOne(bench: Bench, id: string, on: PolicyShape['on'], routes: number): Promise<void> {
  const { options, ports } = bench;
  const shape: PolicyShape = { routes, on, port: ports.gateway, backEnd: ports.backEnds[0] };
  const manifests = bench.folder();
  writeWorld(manifests, policyWorld(shape));
  const folder = bench.folder();
  const sluice = startSluice({ manifests, folder, ports });
  const host = hostOf(routes - 1);
  const ask = { port: ports.gateway, host, within: PATIENCE };
  try {
    await untilAnswer({ ...ask, headers: headersOf(0), is: ({ status }) => status === 200 });
    const envoy = await observedProxy(join(folder, 'state'));
    await sleep(options.settled);
    const modified = await envoy.listenersModified();
    const load = startLoad({
      port: ports.gateway,
      // Where the Gateway has the policy, no request passes every version of it: what is lost is told of routes only.
      targets: [{ host: hostOf(0), path: '/', accepted: ['a'], headers: headersOf(0) }],
      connections: 4,
      pace: 10,
      timeout: 5_000,
      most: 1_000_000,
    });
    const taken = { policy: [] as number[], plain: [] as number[] };
    const bytes = { policy: [] as number[], plain: [] as number[] };
    for (let edit = 1; edit <= options.edits; edit += 1) {
      const policy = await edited(async () => {
        const { name, content } = editedPolicy(shape, edit);
        writeFileSync(join(manifests, name), content);
        await untilAnswer({ ...ask, headers: headersOf(edit), is: ({ status }) => status === 200 });
      });
      const plain = await edited(async () => {
        writeFileSync(join(manifests, 'plain.yaml'), plainRoute(edit));
        await untilAnswer({
          ...ask,
          host: PLAIN_HOST,
          headers: headersOf(edit),
          is: ({ headers }) => headers.get(EDIT_HEADER) === editValue(edit),
        });
      });
      taken.policy.push(policy.took);
      taken.plain.push(plain.took);
      bytes.policy.push(policy.received);
      bytes.plain.push(plain.received);
    }
    const { asked, lost, losses } = await load.stop();
    for (const { host: where, what } of losses) bench.say(`    lost: ${where}: ${what}`);
    const words = on === 'routes' ? 'one policy of a route changed' : 'the policy of the Gateway changed';
    const line = { n: routes };
    bench.add(
      result({
        ...line,
        id: `${id}/effect`,
        case: `${words}, write to effect; reference: a route changed (ms)`,
        ours: median(taken.policy),
        reference: median(taken.plain),
        spread: `${spreadOf(taken.policy)}; ${spreadOf(taken.plain)}`,
        target: TARGET,
      }),
    );
    bench.add(
      result({
        ...line,
        id: `${id}/bytes`,
        case: `${words}, bytes pushed; reference: a route changed`,
        ours: median(bytes.policy),
        reference: median(bytes.plain),
        spread: `${spreadOf(bytes.policy)}; ${spreadOf(bytes.plain)}`,
      }),
    );
    if (on === 'routes') {
      bench.add(
        result({ ...line, id: `${id}/lost`, case: `${words}, requests lost of ${asked}`, ours: lost, target: NONE }),
      );
    }
    const drained = (await envoy.listenersModified()) - modified;
    bench.add(
      result({ ...line, id: `${id}/drained`, case: `${words}, listeners drained`, ours: drained, target: NONE }),
    );
    const memory = residentKib(envoy.pid) / 1_024;
    bench.add(result({ ...line, id: `${id}/memory`, case: 'resident memory of Envoy with them (MiB)', ours: memory }));
    if (on === 'routes') await firstRequest(bench, shape, manifests, () => envoy.received());

    async function edited(make: () => Promise<void>): Promise<{ readonly took: number; readonly received: number }> {
      const before = await envoy.received();
      const from = performance.now();
      await make();
      const took = performance.now() - from;
      await sleep(BETWEEN);
      return { took, received: (await envoy.received()) - before };
    }
  } catch (error) {
    throw new Error(`(${id}); the controller's output:\n${sluice.output()}`, { cause: error });
  } finally {
    await sluice.stop();
  }
}

/** An edit that has not come to Envoy after this is told as a failure by what it answers. Milliseconds. */
const LONGEST_PUSH = 60_000;

/** (f3): the request that meets a version of a long policy first, beside those that come after it. */
async function firstRequest(
  bench: Bench,
  shape: PolicyShape,
  manifests: string,
  received: () => Promise<number>,
): Promise<void> {
  const first: number[] = [];
  const later: number[] = [];
  const host = hostOf(shape.routes - 1);
  for (let edit = 1_001; edit <= 1_000 + bench.options.edits; edit += 1) {
    const { name, content } = editedPolicy(shape, edit, LONG_POLICY);
    const before = await received();
    writeFileSync(join(manifests, name), content);
    // Nobody asks before it is there: the first request shall be the first.
    const end = performance.now() + LONGEST_PUSH;
    while ((await received()) === before && performance.now() < end) await sleep(50);
    await sleep(1_000);
    const connection = new HttpConnection(shape.port, 5_000);
    const took = async (): Promise<number> => {
      const from = performance.now();
      const { status } = await connection.get(host, '/', headersOf(edit));
      if (status !== 200) throw new Error(`the new policy answers ${status}`);
      return performance.now() - from;
    };
    // The connection, to a route without this policy.
    await connection.get(PLAIN_HOST, '/');
    first.push(await took());
    for (let again = 0; again < 20; again += 1) later.push(await took());
    connection.close();
  }
  bench.add(
    result({
      id: 'f3/first',
      case: `the first request after a change of a policy of ${LONG_POLICY} rules; reference: later ones (ms)`,
      n: shape.routes,
      ours: median(first),
      reference: median(later),
      spread: `${spreadOf(first)}; ${spreadOf(later)}`,
    }),
  );
}
