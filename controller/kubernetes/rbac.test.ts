import { describe, expect, it } from 'vitest';
import { callOf } from './resource-path.ts';
import { allows, CONTROLLER_RULES } from './rbac.ts';

const may = (method: string, path: string, isWatch = false, watched?: readonly string[]): boolean => {
  const call = callOf(method, path, isWatch);
  return call !== undefined && allows(CONTROLLER_RULES, call, { watched, own: 'system' });
};

const GATEWAY_API = '/apis/gateway.networking.k8s.io/v1';

describe('what a controller may do', () => {
  it.each([
    ['GET', `${GATEWAY_API}/httproutes`, true],
    ['GET', `${GATEWAY_API}/namespaces/default/gateways/shop`, true],
    ['PATCH', `${GATEWAY_API}/namespaces/default/gateways/shop/status`, true],
    ['PATCH', `${GATEWAY_API}/gatewayclasses/eg/status`, true],
    ['PATCH', `${GATEWAY_API}/namespaces/default/gateways/shop`, false],
    ['DELETE', `${GATEWAY_API}/namespaces/default/gateways/shop`, false],
    ['PATCH', `${GATEWAY_API}/namespaces/default/referencegrants/a/status`, false],
    ['GET', '/api/v1/namespaces/default/secrets/a', true],
    ['POST', '/api/v1/namespaces/default/secrets', false],
    ['POST', '/api/v1/namespaces/system/secrets', true],
    ['GET', '/api/v1/namespaces/default', false],
    ['GET', '/api/v1/namespaces', true],
    ['POST', '/api/v1/namespaces/default/events', true],
    ['PATCH', '/api/v1/namespaces/system/configmaps/a', true],
    ['PATCH', '/api/v1/namespaces/default/configmaps/a', false],
    ['DELETE', '/api/v1/namespaces/default/configmaps/a', false],
    ['PUT', '/apis/coordination.k8s.io/v1/namespaces/system/leases/sluice', true],
    ['PUT', '/apis/coordination.k8s.io/v1/namespaces/default/leases/sluice', false],
    ['GET', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', true],
  ])('%s %s: %s', (method, path, expected) => {
    expect(may(method, path)).toBe(expected);
  });

  it('is about the namespaces that are read, where they are named', () => {
    const path = (namespace: string) => `${GATEWAY_API}/namespaces/${namespace}/httproutes`;
    expect(may('GET', path('a'), true, ['a'])).toBe(true);
    expect(may('GET', path('b'), true, ['a'])).toBe(false);
    expect(may('GET', `${GATEWAY_API}/httproutes`, true, ['a'])).toBe(false);
    expect(may('GET', `${GATEWAY_API}/gatewayclasses`, true, ['a'])).toBe(true);
    // Its finalizer is for who sees all Gateways.
    expect(may('PATCH', `${GATEWAY_API}/gatewayclasses/eg`, false, ['a'])).toBe(false);
    expect(may('PATCH', `${GATEWAY_API}/gatewayclasses/eg`)).toBe(true);
    const events = (namespace: string) => `/api/v1/namespaces/${namespace}/events`;
    expect(may('POST', events('a'), false, ['a'])).toBe(true);
    expect(may('POST', events('b'), false, ['a'])).toBe(false);
    // Those of a GatewayClass.
    expect(may('POST', events('default'), false, ['a'])).toBe(true);
  });

  it('is told with nothing twice, and with nothing that allows everything', () => {
    const told = CONTROLLER_RULES.flatMap(({ scope, group, resources, verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => `${scope} ${group}/${resource} ${verb}`)),
    );
    expect(told).toEqual([...new Set(told)]);
    expect(told.join()).not.toContain('*');
    expect(told.filter((line) => / (delete|update)$/u.test(line))).toEqual([
      'own coordination.k8s.io/leases update',
      'own /configmaps delete',
    ]);
  });
});
