import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '#deploy/setup/node24.mjs';
import type { Bench } from '../bench.ts';
import { type Child, startChild } from '../child.ts';
import { answers, pinnedEnvoy } from '../filters/pinned-envoy.ts';
import { threadsCpu } from '../filters/envoy-cpu.ts';
import { filter } from '../filters/filter-case.ts';
import { CORES, load } from '../filters/load-generator.ts';
import { backEndBootstrap, nativeBootstrap, PATHS } from '../filters/native-bootstrap.ts';
import type { JsonObject } from '../json.ts';
import { result } from '../result.ts';
import { median, spreadOf } from '../statistics.ts';

/** A server that Envoy asks on every request. */
interface Exchange {
  readonly id: 'ours' | 'plain' | 'ext-authz';
  readonly port: number;
  readonly server: Child;
  /** CPU for one request, a round each: microseconds. */
  readonly node: number[];
  readonly envoy: number[];
}

/**
 * (e): one exchange of headers with a processor of ours, beside the same handler on grpc-js with protobuf-es codecs, and beside the
 * same over ext_authz. One Envoy with one worker asks all of them, in turn.
 */
export async function benchExchange(bench: Bench): Promise<void> {
  await bench.attempt('(e) exchange with the sidecar', () => measure(bench));
}

async function measure(bench: Bench): Promise<void> {
  const folder = bench.folder();
  const socket = { ours: join(folder, 'ours.sock'), plain: join(folder, 'plain.sock') };
  const first = bench.options.ports + 60;
  const children: Child[] = [];
  const start = (...args: readonly string[]): Child => {
    const child = startChild('taskset', ['-c', CORES.others, process.execPath, ...args], ROOT);
    children.push(child);
    return child;
  };
  try {
    const ours = start('extproc/main.ts', 'processors', '--socket', socket.ours, 'test/bench/exchange/greet.ts');
    const plain = start('test/bench/exchange/plain-server.ts', socket.plain);
    while (!existsSync(socket.ours) || !existsSync(socket.plain)) await new Promise((tick) => setTimeout(tick, 20));
    const exchanges: readonly Exchange[] = [
      { id: 'ours', port: first + 1, server: ours, node: [], envoy: [] },
      { id: 'plain', port: first + 2, server: plain, node: [], envoy: [] },
      { id: 'ext-authz', port: first + 3, server: plain, node: [], envoy: [] },
    ];
    const listeners = [
      { name: 'nothing', port: first, filters: [] },
      { name: 'ours', port: first + 1, filters: [extProc('ours')] },
      { name: 'plain', port: first + 2, filters: [extProc('plain')] },
      { name: 'ext-authz', port: first + 3, filters: [extAuthz()] },
    ];
    const clusters = [grpcCluster('ours', socket.ours), grpcCluster('plain', socket.plain)];
    children.push(pinnedEnvoy(bench.folder(), backEndBootstrap(first + 4), CORES.others));
    const bootstrap = nativeBootstrap(listeners, first + 4, { clusters });
    const envoy = pinnedEnvoy(bench.folder(), { ...bootstrap, ...GRACEFUL_CLOSE }, CORES.measured);
    children.push(envoy);
    for (const { port } of exchanges) await answers(port, PATHS.direct, {}, 302, envoy);
    for (let turn = 0; turn < bench.options.rounds; turn += 1) {
      bench.say(`  round ${turn + 1} of ${bench.options.rounds}`);
      const one = { path: PATHS.direct, headers: { 'x-name': 'ada' }, seconds: bench.options.loadSeconds };
      const bare = await cpuOf(envoy, undefined, () => load(folder, { ...one, port: first }));
      for (const { port, server, node, envoy: added } of exchanges) {
        const taken = await cpuOf(envoy, server, () => load(folder, { ...one, port }));
        node.push(taken.node);
        added.push(taken.envoy - bare.envoy);
      }
    }
    report(bench, exchanges);
  } finally {
    await Promise.all(children.map((child) => child.stop()));
  }
}

async function cpuOf(
  envoy: Child,
  server: Child | undefined,
  run: () => Promise<{ readonly requests: number }>,
): Promise<{ readonly node: number; readonly envoy: number }> {
  const nodeNow = (): number => (server === undefined ? 0 : threadsCpu(server.pid));
  const before = { node: nodeNow(), envoy: threadsCpu(envoy.pid) };
  const { requests } = await run();
  return {
    node: (nodeNow() - before.node) / requests,
    envoy: (threadsCpu(envoy.pid) - before.envoy) / requests,
  };
}

function report(bench: Bench, exchanges: readonly Exchange[]): void {
  const [ours, ...others] = exchanges;
  if (ours === undefined) return;
  for (const other of others) {
    const words =
      other.id === 'plain' ? 'the same handler on grpc-js with protobuf-es codecs' : 'the same over ext_authz';
    const isPlain = other.id === 'plain';
    bench.add(
      result({
        id: `e/node/${other.id}`,
        case: `an exchange of headers: CPU of Node; reference: ${words} (µs)`,
        n: 1,
        ours: median(ours.node),
        reference: median(other.node),
        spread: `${spreadOf(ours.node)}; ${spreadOf(other.node)}`,
        target: isPlain ? { of: 'ratio', most: 0.7, words: 'at most 0.7 of plain codecs' } : undefined,
      }),
    );
    bench.add(
      result({
        id: `e/envoy/${other.id}`,
        case: `an exchange of headers: CPU of Envoy added; reference: ${words} (µs)`,
        n: 1,
        ours: median(ours.envoy),
        reference: median(other.envoy),
        spread: `${spreadOf(ours.envoy)}; ${spreadOf(other.envoy)}`,
        target: isPlain ? { of: 'ratio', most: 1, words: 'no more than plain codecs' } : undefined,
      }),
    );
  }
}

/** As our proxies have it: otherwise Node's HTTP/2 server takes the end of every stream for an attack. */
const GRACEFUL_CLOSE: JsonObject = {
  layered_runtime: {
    layers: [{ name: 'bench', static_layer: { 'envoy.reloadable_features.ext_proc_graceful_grpc_close': true } }],
  },
};

function extProc(cluster: string): JsonObject {
  return filter('envoy.filters.http.ext_proc', 'envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor', {
    grpc_service: { envoy_grpc: { cluster_name: cluster } },
    message_timeout: '5s',
    processing_mode: { response_header_mode: 'SKIP' },
  });
}

function extAuthz(): JsonObject {
  return filter('envoy.filters.http.ext_authz', 'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz', {
    grpc_service: { envoy_grpc: { cluster_name: 'plain' }, timeout: '5s' },
    transport_api_version: 'V3',
  });
}

function grpcCluster(name: string, path: string): JsonObject {
  const options = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return {
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    typed_extension_protocol_options: {
      [options]: { '@type': `type.googleapis.com/${options}`, explicit_http_config: { http2_protocol_options: {} } },
    },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path } } } }] }],
    },
  };
}
