import { describe, expect, it } from 'vitest';
import { admit } from './admit.ts';

const route = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'a' }, spec: {} };

describe('admitting a document', () => {
  it('converts an old version to the one that is stored', () => {
    expect(admit({ ...route, apiVersion: 'gateway.networking.k8s.io/v1beta1' })).toMatchObject({
      kind: 'resource',
      key: 'gateway.networking.k8s.io/HTTPRoute/default/a',
      resource: { apiVersion: 'gateway.networking.k8s.io/v1' },
    });
  });

  it.each([
    ['hello', 'found "hello"'],
    [['a'], 'found a list'],
  ])('says what it found in place of an object: %j', (document, expected) => {
    expect(JSON.stringify(admit(document))).toContain(JSON.stringify(expected).slice(1, -1));
  });

  it('drops status, which nobody writes', () => {
    expect(admit({ ...route, status: { anything: 1 } })).toMatchObject({
      kind: 'resource',
      resource: expect.not.objectContaining({ status: expect.anything() }),
    });
  });

  it('gives a cluster-scoped object no namespace', () => {
    const document = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'GatewayClass',
      metadata: { name: 'eg', namespace: 'x' },
      spec: { controllerName: 'a.b/c' },
    };
    expect(admit(document)).toMatchObject({
      key: 'gateway.networking.k8s.io/GatewayClass//eg',
      resource: { metadata: { name: 'eg' } },
    });
  });

  it('merges stringData into data, and labels a Namespace', () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'a' },
      data: { a: 'YQ==' },
      stringData: { a: 'b' },
    };
    expect(admit(secret)).toMatchObject({ resource: { data: { a: 'Yg==' } } });
    expect(admit({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } })).toMatchObject({
      resource: { metadata: { labels: { 'kubernetes.io/metadata.name': 'n' } } },
    });
  });

  it('never repeats what is in a Secret', () => {
    const refused = admit({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'a' },
      data: { password: 'hunter2!' },
    });
    expect(refused).toMatchObject({ kind: 'refused', refusals: [{ path: ['data', 'password'] }] });
    expect(JSON.stringify(refused)).not.toContain('hunter2');
  });

  it('hands over a refused policy as written, so that its targets are known', () => {
    const policy = {
      apiVersion: 'gateway.envoyproxy.io/v1alpha1',
      kind: 'SecurityPolicy',
      metadata: { name: 'p' },
      spec: { targetRefs: [], jtw: {} },
    };
    expect(admit(policy)).toMatchObject({
      kind: 'refused',
      reason: 'invalid',
      object: {
        kind: 'SecurityPolicy',
        namespace: 'default',
        name: 'p',
        key: 'gateway.envoyproxy.io/SecurityPolicy/default/p',
        document: policy,
      },
      refusals: [{ path: ['spec', 'jtw'], message: expect.stringContaining('did you mean jwt?') }],
    });
  });

  it.each([
    ['text', 'hello', 'syntax', /must be an object/u],
    ['a fragment', { rules: [] }, 'syntax', /apiVersion is missing \(found rules\)/u],
    [
      'an unknown kind of our groups',
      { ...route, kind: 'HTTPRout' },
      'invalid',
      /unknown kind HTTPRout; did you mean HTTPRoute\?/u,
    ],
    [
      'an unknown version',
      { ...route, apiVersion: 'gateway.networking.k8s.io/v2' },
      'invalid',
      /accepted: gateway.networking.k8s.io\/v1, /u,
    ],
    [
      'an old group',
      { ...route, apiVersion: 'config.gateway.envoyproxy.io/v1alpha1', kind: 'EnvoyProxy' },
      'invalid',
      /EnvoyProxy is in gateway.envoyproxy.io\/v1alpha1/u,
    ],
    [
      'somebody else’s kind',
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' } },
      'ignored',
      /Deployment of apps is not used/u,
    ],
    [
      'the configuration',
      { apiVersion: 'gateway.envoyproxy.io/v1alpha1', kind: 'EnvoyGateway' },
      'ignored',
      /--config/u,
    ],
    [
      'one of our kinds in somebody else’s group that is attached to what is ours',
      { ...route, apiVersion: 'gateway.network.k8s.io/v1', spec: { ...route.spec, parentRefs: [{ name: 'shop' }] } },
      'invalid',
      /HTTPRoute is in gateway.networking.k8s.io/u,
    ],
    [
      'a kind of somebody else’s with a name of ours',
      {
        ...route,
        apiVersion: 'policy.linkerd.io/v1beta3',
        spec: { parentRefs: [{ group: '', kind: 'Service', name: 'a' }] },
      },
      'ignored',
      /is not used and is ignored/u,
    ],
    ['null where an object must be', { ...route, spec: null }, 'invalid', /must be an object, found null/u],
  ])('refuses %s', (_, document, reason, message) => {
    expect(admit(document)).toMatchObject({
      kind: 'refused',
      reason,
      refusals: [{ message: expect.stringMatching(message) }],
    });
  });
});
