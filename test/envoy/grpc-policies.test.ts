import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compilePolicy } from '#wasm-filters/build.ts';
import { issuer } from '#wasm-filters/testing/issuer.ts';
import { freePort } from '../process/sluice.ts';
import { call, type GrpcEcho, startGrpcEcho } from './grpc-echo.ts';
import { backend, manifest, route, type RouteSite, startRouteSite, to } from './route-site.ts';

const CART = '/shop.Cart/Add';
const LIST = '/shop.Cart/List';
const signer = issuer('RS256');
const token = (sub: string): string => `Bearer ${signer.token({ sub, exp: 4_102_444_800 })}`;

let site: RouteSite;
let server: GrpcEcho;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  const module = join(folder, 'policy.wasm');
  writeFileSync(module, await compilePolicy());
  site = await startRouteSite(module);
  server = await startGrpcEcho('one', [CART, LIST]);
});
afterAll(async () => {
  await site.stop();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Serves a rule `add` for one method, and one for all others, with a policy for the route or one of its rules. */
const serve = (kind: string, spec: object, sectionName?: string) =>
  site.serve(
    route(
      [
        { name: 'add', matches: [{ method: { method: 'Add' } }], backendRefs: [to('one')] },
        { backendRefs: [to('one')] },
      ],
      'GRPCRoute',
    ),
    backend('one', [server.port]),
    manifest(kind, 'policy', {
      targetRefs: [
        {
          group: 'gateway.networking.k8s.io',
          kind: 'GRPCRoute',
          name: 'route',
          ...(sectionName === undefined ? {} : { sectionName }),
        },
      ],
      ...spec,
    }),
  );

describe('a SecurityPolicy of a GRPCRoute', () => {
  const jwt = {
    providers: [
      {
        name: 'main',
        localJWKS: { type: 'Inline', inline: JSON.stringify({ keys: [signer.jwk] }) },
        claimToHeaders: [{ claim: 'sub', header: 'x-user' }],
      },
    ],
  };
  const rules = [
    { action: 'Allow', principal: { jwt: { provider: 'main', claims: [{ name: 'sub', values: ['alice'] }] } } },
  ];

  it('refuses calls with the status that gRPC has for it', async () => {
    const port = await serve('SecurityPolicy', { jwt, authorization: { defaultAction: 'Deny', rules } });
    expect((await call(port, CART)).code).toBe(status.UNAUTHENTICATED);
    expect((await call(port, CART, { authorization: token('bob') })).code).toBe(status.PERMISSION_DENIED);
    expect(await call(port, CART, { authorization: token('alice') })).toMatchObject({
      code: status.OK,
      text: 'one: hello',
      upstream: { 'x-user': 'alice' },
    });
  });

  it('may be for one rule', async () => {
    const port = await serve('SecurityPolicy', { jwt }, 'add');
    expect((await call(port, CART)).code).toBe(status.UNAUTHENTICATED);
    expect((await call(port, LIST)).code).toBe(status.OK);
  });

  it('that cannot be enforced closes it', async () => {
    const port = await serve('SecurityPolicy', { basicAuth: { users: { name: 'none' } } });
    expect((await call(port, CART)).code).not.toBe(status.OK);
  });
});

describe('a BackendTrafficPolicy of a GRPCRoute', () => {
  it('limits calls: RESOURCE_EXHAUSTED', async () => {
    const port = await serve('BackendTrafficPolicy', {
      rateLimit: { type: 'Local', local: { rules: [{ limit: { requests: 1, unit: 'Day' } }] } },
    });
    expect((await call(port, CART)).code).toBe(status.OK);
    expect([status.UNAVAILABLE, status.RESOURCE_EXHAUSTED]).toContain((await call(port, CART)).code);
  });

  it('injects faults', async () => {
    const port = await serve('BackendTrafficPolicy', {
      faultInjection: { abort: { grpcStatus: 10, percentage: 100 } },
    });
    expect((await call(port, CART)).code).toBe(status.ABORTED);
  });
});

describe('an EnvoyExtensionPolicy of a GRPCRoute', () => {
  it('whose processor is dead lets no call pass', async () => {
    const port = await site.serve(
      route([{ backendRefs: [to('one')] }], 'GRPCRoute'),
      backend('one', [server.port]),
      backend('processor', [await freePort()]),
      {
        apiVersion: 'gateway.envoyproxy.io/v1alpha1',
        kind: 'EnvoyExtensionPolicy',
        metadata: { name: 'policy' },
        spec: {
          targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'GRPCRoute', name: 'route' }],
          extProc: [{ backendRefs: [to('processor')], processingMode: { request: {} } }],
        },
      },
    );
    expect((await call(port, CART)).code).not.toBe(status.OK);
  });
});
