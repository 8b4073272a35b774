import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../process/sluice.ts';
import { becomes, isEverywhere } from './answers.ts';
import { type FilesWorld, processOf } from './files-world.ts';
import { gatewayOf, routeOf, serviceOf } from './manifests.ts';
import { edit, isOdd, letterOf, routeChanges } from './route-changes.ts';
import type { Change } from './soak.ts';
import { FOREVER, PATIENCE } from './world.ts';

/** The controller stays away for so long. Milliseconds. */
const AWAY = 1_000;

/** Starts the controller. What it logs is kept in memory: warnings only. */
export async function startOf({ site }: FilesWorld): Promise<void> {
  await site.start({ more: ['--log-level', 'warn'], within: PATIENCE });
}

/** What is done to a site from files, again and again. */
export function fileChanges(world: FilesWorld): readonly Change[] {
  return [...endingProcesses(world), ...ofGateways(world), ...routeChanges(world)];
}

function endingProcesses(world: FilesWorld): readonly Change[] {
  const { site, keys, http } = world;
  return [
    {
      name: 'the controller killed; a route edited; it starts again',
      ends: true,
      make: async (round) => {
        site.signal('SIGKILL');
        await site.ended();
        await edit(world, round);
        await sleep(AWAY);
        await startOf(world);
        await becomes(http, '/edited', { body: letterOf(round) });
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

function ofGateways({ site, http, ports, put, remove, to }: FilesWorld): readonly Change[] {
  const { other, a, b } = ports;
  return [
    {
      name: 'endpoints changed',
      ends: false,
      make: async (round) => {
        const [endpoints, body] = isOdd(round) ? ([[b], 'b'] as const) : ([[a, b], 'a'] as const);
        await put('endpoints', serviceOf(endpoints));
        await becomes(http, '/app', { body });
      },
    },
    {
      name: 'a Gateway added, removed',
      ends: false,
      make: async (round) => {
        if (isOdd(round)) {
          await put('other', [gatewayOf('other', { http: other }), routeOf('elsewhere', to('b'), 'other', '/')]);
          return becomes({ port: other }, '/', { body: 'b' });
        }
        await remove('other');
        return until('its proxy is gone', () => site.records('envoy').length === 1, PATIENCE);
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
  ];
}
