import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, storeOf } from './compile.ts';
import { OPEN_PORTS, type PortBook } from './gateway/port-claims.ts';
import { loadOnce } from './provider/files/load-once.ts';
import { claimsOf, createPortPass } from './settle-ports.ts';
import { createTranslator } from './translate.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-ports-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const CLASS = `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: sluice }
spec: { controllerName: gateway.envoyproxy.io/gatewayclass-controller }
`;

const gateway = (name: string, port: number): string => `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name} }
spec:
  gatewayClassName: sluice
  listeners: [{ name: http, protocol: HTTP, port: ${port} }]
`;

/** Moves the listener of Gateway "shop" to another port. */
const moved = (port: number): string => `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyPatchPolicy
metadata: { name: moved }
spec:
  targetRef: { group: gateway.networking.k8s.io, kind: Gateway, name: shop }
  type: JSONPatch
  jsonPatches:
    - type: type.googleapis.com/envoy.config.listener.v3.Listener
      name: default/shop/http
      operation: { op: replace, path: /address/socket_address/port_value, value: ${port} }
`;

function settled(manifests: string, book: PortBook = OPEN_PORTS) {
  const file = join(folder, 'in.yaml');
  writeFileSync(file, CLASS + manifests);
  const store = storeOf(loadOnce([file]));
  const raw = createTranslator(DEFAULT_SETTINGS)(store);
  const { translation } = createPortPass()(raw, book);
  const policy = translation
    .statuses()
    .flat()
    .find(({ kind }) => kind === 'policy');
  return {
    claims: claimsOf(raw).map(({ listener, protocol, port }) => `${listener} ${protocol} ${port}`),
    sockets: [...translation.proxies].flatMap(([key, { infra }]) => infra.sockets.map(({ port }) => `${key} ${port}`)),
    listeners: translation.proxies.get('default/shop')?.xds.listeners.length,
    programmed: policy?.kind === 'policy' ? policy.ancestors[0]?.verdicts.at(-1)?.reason : undefined,
  };
}

describe('a listener that a patch moves to another port', () => {
  it('claims that port, and not the one that is written', () => {
    expect(settled(gateway('shop', 8080) + moved(9090))).toEqual({
      claims: ['default/shop/http TCP 9090'],
      sockets: ['default/shop 9090'],
      listeners: 1,
      programmed: 'Programmed',
    });
  });

  it('is left out where another Gateway has the port', () => {
    expect(settled(gateway('a', 9090) + gateway('shop', 8080) + moved(9090))).toMatchObject({
      sockets: ['default/a 9090'],
      listeners: 0,
      programmed: 'PortUnavailable',
    });
  });

  it('is not shifted: the patch says what the port is', () => {
    const privileged: PortBook = { at: (_, { port }) => ({ kind: 'shifted', port: port + 10_000 }) };
    expect(settled(gateway('shop', 8080) + moved(443), privileged)).toMatchObject({
      sockets: [],
      programmed: 'PortUnavailable',
    });
  });
});
