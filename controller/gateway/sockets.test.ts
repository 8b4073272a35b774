import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { admit } from '../provider/admit.ts';
import { ResourceStore } from '../resources/store.ts';
import { DEFAULT_SETTINGS } from '../compile.ts';
import { createTranslator } from '../translate.ts';
import { httpChains } from '../ir/listener.ts';

const group = 'gateway.networking.k8s.io';
const document = (kind: string, name: string, spec: object) => ({
  apiVersion: kind === 'SecurityPolicy' ? 'gateway.envoyproxy.io/v1alpha1' : `${group}/v1`,
  kind,
  metadata: { name },
  spec,
});
const GATEWAY_CLASS = document('GatewayClass', 'c', { controllerName: DEFAULT_SETTINGS.controllerName });
const redirecting = [{ filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https' } }] }];
const route = (hostnames: readonly string[]) =>
  document('HTTPRoute', 'r', { parentRefs: [{ name: 'g' }], hostnames, rules: redirecting });

/** How many routes each virtual host has, by host name. */
function answers(documents: readonly object[]): { readonly [hostname: string]: number } {
  const store = new ResourceStore();
  for (const text of documents) {
    const admitted = admit(text);
    if (admitted.kind !== 'resource') throw new Error(JSON.stringify(admitted));
    store.upsert(admitted.resource);
  }
  const proxy = createTranslator(DEFAULT_SETTINGS)(store).proxies.get('default/g');
  const hosts = proxy?.xds.listeners.flatMap(httpChains).flatMap(({ virtualHosts }) => virtualHosts.flat()) ?? [];
  return Object.fromEntries(hosts.map(({ hostname, routes }) => [hostname, routes.length]));
}

describe('listeners that share a socket', () => {
  const plain = { name: 'any', protocol: 'HTTP', port: 80 };
  const narrow = { name: 'narrow', protocol: 'HTTP', port: 80, hostname: 'secret.example.com' };
  const gateway = (listeners: readonly object[]) => document('Gateway', 'g', { gatewayClassName: 'c', listeners });

  it.each([
    ['the wider first', [plain, narrow]],
    ['the narrower first', [narrow, plain]],
  ])('serve a host name by the more specific alone, %s', (_, listeners) => {
    expect(answers([GATEWAY_CLASS, gateway(listeners), route(['secret.example.com', 'open.example.com'])])).toEqual({
      '*': 0,
      'open.example.com': 1,
      'secret.example.com': 1,
    });
  });

  it('do not let a route of the wider one answer for the host names of the narrower', () => {
    const onlyWider = document('HTTPRoute', 'r', {
      parentRefs: [{ name: 'g', sectionName: 'any' }],
      hostnames: ['secret.example.com'],
    });
    expect(answers([GATEWAY_CLASS, gateway([plain, narrow]), onlyWider])).toEqual({ '*': 0, 'secret.example.com': 0 });
  });

  it('judge a request by the policy of its own listener, whatever their order', () => {
    const policy = document('SecurityPolicy', 'p', {
      targetRefs: [{ group, kind: 'Gateway', name: 'g', sectionName: 'narrow' }],
      jwt: { providers: [{ name: 'a', localJWKS: { type: 'Inline', inline: 'broken' } }] },
    });
    const store = new ResourceStore();
    for (const text of [GATEWAY_CLASS, gateway([plain, narrow]), route(['secret.example.com']), policy]) {
      const admitted = admit(text);
      if (admitted.kind === 'resource') store.upsert(admitted.resource);
    }
    const [listener] = createTranslator(DEFAULT_SETTINGS)(store).proxies.get('default/g')?.xds.listeners ?? [];
    const chains = listener === undefined ? [] : httpChains(listener);
    const secret = chains[0]?.virtualHosts.flat().find(({ hostname }) => hostname === 'secret.example.com');
    expect(secret?.routes.map(({ action }) => action)).toEqual([{ kind: 'respond', status: 500 }]);
  });
});

describe('listeners of HTTPS that share a socket', () => {
  it('serve a host of the narrower one nowhere but there, whatever server name a connection was made with', () => {
    const golden = readFileSync('controller/gateway/testdata/https/xds.yaml', 'utf8');
    const rest = golden.slice(golden.indexOf('- name: default/shop/rest\n      virtual_hosts'));
    expect(rest).toMatch(/domains:\n\s+- shop\.example\n\s+routes:\n(?:.*\n){1,8}?\s+status: 421/u);
  });
});

describe('a redirect to https', () => {
  const toHttps = (listenerPort: number, port?: number): number | undefined => {
    const store = new ResourceStore();
    const documents = [
      GATEWAY_CLASS,
      document('Gateway', 'g', {
        gatewayClassName: 'c',
        listeners: [{ name: 'any', protocol: 'HTTP', port: listenerPort }],
      }),
      document('HTTPRoute', 'r', {
        parentRefs: [{ name: 'g' }],
        rules: [
          {
            filters: [
              {
                type: 'RequestRedirect',
                requestRedirect: { scheme: 'https', ...(port === undefined ? {} : { port }) },
              },
            ],
          },
        ],
      }),
    ];
    for (const text of documents) {
      const admitted = admit(text);
      if (admitted.kind === 'resource') store.upsert(admitted.resource);
    }
    const [listener] = createTranslator(DEFAULT_SETTINGS)(store).proxies.get('default/g')?.xds.listeners ?? [];
    const chains = listener === undefined ? [] : httpChains(listener);
    const [found] = chains[0]?.virtualHosts[0]?.[0]?.routes ?? [];
    if (found?.action.kind !== 'redirect') throw new Error('there is no redirect');
    return found.action.redirect.port;
  };

  it('names no port where the scheme implies it', () => {
    expect([toHttps(80), toHttps(80, 443)]).toEqual([undefined, undefined]);
  });

  it('names any other port', () => {
    expect(toHttps(80, 8443)).toBe(8443);
  });

  it('names the port of the scheme where clients ask for a host with another', () => {
    expect([toHttps(8080), toHttps(8080, 443)]).toEqual([443, 443]);
  });
});
