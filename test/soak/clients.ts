import type { LoadPlan, LoadTarget } from '../bench/load.ts';
import type { Entrance } from './answers.ts';
import type { Tokens } from './keys.ts';
import { BASIC, HOST } from './manifests.ts';
import type { Clients, Missing } from './soak.ts';

/** Who asks for what of a Gateway. */
export function clientsOf(http: Entrance, https: Entrance, tokens: Tokens): readonly Clients[] {
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const ONCE = { connection: 'close' } as const;
  const clients = (
    name: string,
    targets: readonly Omit<LoadTarget, 'host'>[],
    more: Partial<LoadPlan> = {},
    needs: readonly Missing[] = [],
  ): Clients => ({
    name,
    needs,
    isRefused: targets.every(({ status = 200 }) => status !== 200),
    plan: {
      ...http,
      targets: targets.map((target) => ({ host: HOST, ...target })),
      connections: 2,
      pace: 20,
      timeout: 10_000,
      most: Number.MAX_SAFE_INTEGER,
      ...more,
    },
  });
  const open = [
    { path: '/app', accepted: ['a', 'b'] },
    { path: '/edited', accepted: ['a', 'b'] },
  ] as const;
  return [
    clients('open routes', open, { connections: 4 }),
    clients(
      'open routes, a connection for each request',
      open.map((one) => ({ ...one, headers: ONCE })),
    ),
    clients('open routes over TLS', open, { ...https, tls: true }),
    clients(
      'open routes over TLS, a connection for each request',
      open.map((one) => ({ ...one, headers: ONCE })),
      {
        ...https,
        tls: true,
        connections: 1,
        pace: 100,
      },
    ),
    clients('with what it takes: token, password', [
      { path: '/secured', headers: bearer(tokens.alice), accepted: ['a'] },
      { path: '/password', headers: { authorization: BASIC.header }, accepted: ['a'] },
    ]),
    clients('without credentials', [
      { path: '/secured', status: 401 },
      { path: '/signed', status: 401 },
      { path: '/password', status: 401 },
    ]),
    clients(
      'with a forged token',
      [
        { path: '/secured', headers: bearer(tokens.forged), status: 401 },
        { path: '/late', headers: bearer(tokens.forged), status: 401, excused: 404 },
      ],
      {},
      ['route'],
    ),
    clients('with the token of somebody else', [{ path: '/secured', headers: bearer(tokens.mallory), status: 403 }]),
    clients('without a login', [{ path: '/login', status: 302, excused: 503 }], {}, ['sidecar']),
    clients(
      'with a token that the sidecar verifies',
      [{ path: '/signed', headers: bearer(tokens.signed), excused: 503, accepted: ['a'] }],
      {},
      ['sidecar'],
    ),
    clients('under a global limit', [{ path: '/limited', excused: 503, accepted: ['a'] }], {}, ['sidecar', 'redis']),
    clients('through a module', [{ path: '/filtered', accepted: ['a0', 'a1'] }]),
  ];
}
