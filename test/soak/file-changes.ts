import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { until } from '../process/sluice.ts';
import { issue } from '../tls/authority.ts';
import {
  becomes,
  type FilesWorld,
  filteredOf,
  FOREVER,
  isEverywhere,
  lateOf,
  PATIENCE,
  processOf,
  securedOf,
} from './files-world.ts';
import { certificateOf, file, gatewayOf, HOST, routeOf, serviceOf, to } from './manifests.ts';
import type { Change } from './soak.ts';

/** Routes that come and go together. */
const MANY = 20;
/** The controller stays away for so long. Milliseconds. */
const AWAY = 1_000;

/** Starts the controller. What it logs is kept in memory: warnings only. */
export async function startOf({ site }: FilesWorld): Promise<void> {
  await site.start({ more: ['--log-level', 'warn'], within: PATIENCE });
}

/** What is done to a site from files, again and again. */
export function changesOf(world: FilesWorld): readonly Change[] {
  return [...endingProcesses(world), ...ofRoutes(world), ...ofPolicies(world), ...aroundIt(world)];
}

function endingProcesses(world: FilesWorld): readonly Change[] {
  const { site, keys } = world;
  const { http } = world.ports;
  return [
    {
      name: 'the controller killed; a route edited; it starts again',
      ends: true,
      make: async (round) => {
        const letter = letterOf(round);
        site.signal('SIGKILL');
        await site.ended();
        site.write('edited.yaml', file(routeOf('edited', to(letter))));
        await sleep(AWAY);
        await startOf(world);
        await becomes(http, '/edited', { body: letter });
      },
    },
    {
      name: 'the sidecar killed',
      ends: true,
      takes: 'sidecar',
      make: async (round) => {
        const before = processOf(site, 'sidecar');
        process.kill(before, 'SIGKILL');
        await until('another sidecar runs', () => ![0, before].includes(processOf(site, 'sidecar')), PATIENCE);
        await isEverywhere(http, '/limited', 200);
        await isEverywhere(http, '/login', 302);
        // A token that nobody has seen is asked about.
        await becomes(http, '/signed', { status: 200 }, keys.sidecar.token({ sub: `after-${round}`, ...FOREVER }));
      },
    },
  ];
}

function ofRoutes({ site, ports }: FilesWorld): readonly Change[] {
  const { http, other, a, b } = ports;
  return [
    {
      name: `${MANY} routes added, removed`,
      ends: false,
      make: (round) => {
        const last = `/more-${MANY - 1}`;
        const routes = Array.from({ length: MANY }, (_, index) => routeOf(`more-${index}`, to('a')));
        if (isOdd(round)) site.write('more.yaml', file(...routes));
        else site.remove('more.yaml');
        return becomes(http, last, { status: isOdd(round) ? 200 : 404 });
      },
    },
    {
      name: 'a route led to another back-end',
      ends: false,
      make: (round) => {
        site.write('edited.yaml', file(routeOf('edited', to(letterOf(round)))));
        return becomes(http, '/edited', { body: letterOf(round) });
      },
    },
    {
      name: 'endpoints changed',
      ends: false,
      make: (round) => {
        const [endpoints, body] = isOdd(round) ? ([[b], 'b'] as const) : ([[a, b], 'a'] as const);
        site.write('endpoints.yaml', file(...serviceOf(endpoints)));
        return becomes(http, '/app', { body });
      },
    },
    {
      name: 'a Gateway added, removed',
      ends: false,
      make: async (round) => {
        if (isOdd(round)) {
          site.write('other.yaml', file(gatewayOf('other', other), routeOf('elsewhere', to('b'), 'other', '/')));
          return becomes(other, '/', { body: 'b' });
        }
        site.remove('other.yaml');
        return until('its proxy is gone', () => site.records('envoy').length === 1, PATIENCE);
      },
    },
  ];
}

function ofPolicies(world: FilesWorld): readonly Change[] {
  const { site, keys } = world;
  const { http } = world.ports;
  return [
    {
      name: 'a policy changed',
      ends: false,
      make: (round) => {
        site.write('secured.yaml', securedOf(world, round));
        return becomes(http, '/secured', { status: 200 }, keys.envoy.token({ sub: `probe-${round}`, ...FOREVER }));
      },
    },
    {
      name: 'a route with its policy removed and added',
      ends: false,
      takes: 'route',
      make: async () => {
        site.remove('late.yaml');
        await becomes(http, '/late', { status: 404 });
        site.write('late.yaml', lateOf(world));
        await becomes(http, '/late', { status: 401 });
      },
    },
    {
      name: 'a module upgraded',
      ends: false,
      make: (round) => {
        site.write('filtered.yaml', filteredOf(world, round % 2));
        return becomes(http, '/filtered', { body: `a${round % 2}` });
      },
    },
  ];
}

function aroundIt({ site, redis, ports }: FilesWorld): readonly Change[] {
  return [
    {
      name: 'the certificate rotated',
      ends: false,
      make: async (round) => {
        site.write('certificate.yaml', file(certificateOf(issue(`round-${round}`, { dns: [HOST] }))));
        const isNew = async (): Promise<boolean> => (await certificateAt(ports.https)) === `round-${round}`;
        await until('the new one is shown', isNew, PATIENCE);
      },
    },
    {
      name: 'a file that cannot be read, and mended',
      ends: false,
      make: async () => {
        site.write('broken.yaml', 'kind: [');
        await sleep(500);
        site.remove('broken.yaml');
      },
    },
    {
      name: 'Redis gone and back',
      ends: false,
      takes: 'redis',
      make: async () => {
        await redis.kill();
        await becomes(ports.http, '/limited', { status: 503 });
        await redis.restart();
        await isEverywhere(ports.http, '/limited', 200);
      },
    },
  ];
}

function isOdd(round: number): boolean {
  return round % 2 === 1;
}

function letterOf(round: number): 'a' | 'b' {
  return isOdd(round) ? 'b' : 'a';
}

/** The name of the certificate that is shown on a new connection. */
function certificateAt(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', servername: HOST, rejectUnauthorized: false }, () => {
      const { subject } = socket.getPeerCertificate();
      socket.destroy();
      resolve(String(subject.CN));
    });
    socket.on('error', () => resolve(''));
  });
}
