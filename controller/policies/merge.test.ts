import { describe, expect, it } from 'vitest';
import type { BackendTrafficPolicy, SecurityPolicy } from '#controller/api/gen/types.d.ts';
import { fieldNamespace, mergePolicies, type MergeType } from './merge.ts';

function traffic(namespace: string, spec: BackendTrafficPolicy['spec']): BackendTrafficPolicy {
  const metadata = { name: 'p', namespace, generation: 1 };
  return { apiVersion: 'gateway.envoyproxy.io/v1alpha1', kind: 'BackendTrafficPolicy', metadata, spec };
}

function security(namespace: string, spec: SecurityPolicy['spec']): SecurityPolicy {
  const metadata = { name: 'p', namespace, generation: 1 };
  return { apiVersion: 'gateway.envoyproxy.io/v1alpha1', kind: 'SecurityPolicy', metadata, spec };
}

const both: readonly MergeType[] = ['StrategicMerge', 'JSONMerge'];
const rule = (requests: number) => ({ limit: { requests, unit: 'Second' } }) as const;

describe.each(both)('%s', (type) => {
  it('takes what either says, field by field, and the own where both do', () => {
    const parent = traffic('gateway', { timeout: { tcp: { connectTimeout: '1s' }, http: { requestTimeout: '2s' } } });
    const own = traffic('route', { timeout: { http: { requestTimeout: '3s' } }, loadBalancer: { type: 'Random' } });
    expect(mergePolicies(own, parent, type).spec).toEqual({
      timeout: { tcp: { connectTimeout: '1s' }, http: { requestTimeout: '3s' } },
      loadBalancer: { type: 'Random' },
    });
  });

  it('is called what the own policy is called, and changes neither', () => {
    const parent = traffic('gateway', { timeout: { tcp: { connectTimeout: '1s' } } });
    const own = traffic('route', { timeout: { http: { requestTimeout: '3s' } } });
    const before = structuredClone([parent, own]);
    expect(mergePolicies(own, parent, type).metadata).toBe(own.metadata);
    expect([parent, own]).toEqual(before);
  });

  it('knows in which namespace a part looks for what it refers to', () => {
    const parent = security('gateway', { basicAuth: { users: { group: '', kind: 'Secret', name: 'users' } } });
    const own = security('route', { apiKeyAuth: { credentialRefs: [], extractFrom: [] } });
    const merged = mergePolicies(own, parent, type);
    expect(fieldNamespace(merged, merged.spec.basicAuth?.users ?? {})).toBe('gateway');
    expect(fieldNamespace(merged, merged.spec.apiKeyAuth ?? {})).toBe('route');
    expect(fieldNamespace(parent, parent.spec.basicAuth ?? {})).toBe('gateway');
  });

  it('gives a part that both say to the own policy', () => {
    const users = (name: string) => ({ users: { group: '', kind: 'Secret', name } });
    const merged = mergePolicies(
      security('route', { basicAuth: users('mine') }),
      security('gateway', { basicAuth: { ...users('theirs'), forwardUsernameHeader: 'x-user' } }),
      type,
    );
    expect(merged.spec.basicAuth).toEqual({ ...users('mine'), forwardUsernameHeader: 'x-user' });
    expect(fieldNamespace(merged, merged.spec.basicAuth?.users ?? {})).toBe('route');
  });
});

describe('lists', () => {
  const parent = traffic('gateway', {
    compressor: [{ type: 'Gzip' }, { type: 'Brotli' }],
    responseOverride: [],
    rateLimit: { type: 'Global', global: { rules: [rule(1)] } },
  });
  const own = traffic('route', {
    compressor: [{ type: 'Zstd' }, { type: 'Gzip', minContentLength: '1Ki' }],
    rateLimit: { type: 'Global', global: { rules: [rule(2)] } },
  });

  it('are replaced by JSONMerge', () => {
    const { spec } = mergePolicies(own, parent, 'JSONMerge');
    expect(spec.compressor).toBe(own.spec.compressor);
    expect(spec.rateLimit?.global?.rules).toEqual([rule(2)]);
  });

  it('that have a key are merged by StrategicMerge, new entries first', () => {
    const { spec } = mergePolicies(own, parent, 'StrategicMerge');
    expect(spec.compressor).toEqual([{ type: 'Zstd' }, { type: 'Gzip', minContentLength: '1Ki' }, { type: 'Brotli' }]);
  });

  it('of limits are put one after the other by StrategicMerge', () => {
    const { spec } = mergePolicies(own, parent, 'StrategicMerge');
    expect(spec.rateLimit?.global?.rules).toEqual([rule(2), rule(1)]);
  });

  it('without a key are replaced by StrategicMerge, too', () => {
    const values = (...allowMethods: readonly string[]) => ({ cors: { allowMethods } });
    const merged = mergePolicies(security('r', values('GET')), security('g', values('PUT')), 'StrategicMerge');
    expect(merged.spec.cors?.allowMethods).toEqual(['GET']);
  });
});
