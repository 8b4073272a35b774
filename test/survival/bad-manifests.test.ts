import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findings } from '#controller/cli/findings.ts';
import { compile, showStatus } from '#controller/compile.ts';
import { DEFAULT_CONFIGURATION } from '#controller/configuration.ts';
import { httpChains } from '#controller/ir/listener.ts';
import { loadOnce } from '#controller/provider/files/load-once.ts';
import { formatProblem } from '#controller/provider/format-problem.ts';
import type { Translation } from '#controller/translate.ts';
import { lower } from '#controller/xds/lower.ts';
import { type LiveEnvoy, startLiveEnvoy } from '../envoy/live-envoy.ts';
import { BAD_CASES } from './bad-manifests.ts';

/** Reasons of conditions with which all is well. */
const WELL: ReadonlySet<unknown> = new Set(['Accepted', 'Programmed', 'ResolvedRefs', 'NoConflicts']);

/** The conditions that say that something is wrong, wherever in a status they are. */
function complaints(value: unknown, kind: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('type' in value && 'status' in value && 'reason' in value && 'message' in value) {
    const { type, status, reason, message } = value;
    return WELL.has(reason) ? [] : [`${kind} ${String(type)}=${String(status)} ${String(reason)}: ${String(message)}`];
  }
  return Object.values(value).flatMap((one) => complaints(one, kind));
}

function complaintsOf(translation: Translation): readonly string[] {
  const { controllerName } = DEFAULT_CONFIGURATION;
  const { items } = showStatus(translation, { time: '2026-01-01T00:00:00Z', controllerName });
  return items.flatMap(({ kind, status }) => complaints(status, typeof kind === 'string' ? kind : ''));
}

describe('bad input', () => {
  let envoy: LiveEnvoy;
  beforeAll(async () => {
    envoy = await startLiveEnvoy();
  });
  afterAll(() => envoy.stop());

  it.each(BAD_CASES)('$name is told where it is, and what is good serves', async (found) => {
    const loaded = loadOnce(['-'], { stdin: Buffer.from(found.manifests) });
    expect(findings(loaded, DEFAULT_CONFIGURATION).map(formatProblem)).toEqual(found.problems ?? []);
    const translation = compile(loaded);
    expect(complaintsOf(translation)).toEqual(found.conditions ?? []);

    const proxy = translation.proxies.get('default/g');
    expect(proxy === undefined).toBe(found.isGatewayLost ?? false);
    if (proxy === undefined) return;
    expect(await envoy.publish(lower(proxy.xds, undefined))).toEqual([]);
    const hosts = proxy.xds.listeners.flatMap(httpChains).flatMap(({ virtualHosts }) => virtualHosts.flat());
    expect(hosts.map(({ hostname }) => hostname)).toContain('good.example.com');
  });
});
