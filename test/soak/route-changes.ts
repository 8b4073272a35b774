import { until } from '../process/sluice.ts';
import { becomes, certificateAt, isEverywhere } from './answers.ts';
import { routeOf } from './manifests.ts';
import { certificateNamed, filteredOf, lateOf, securedOf } from './routes.ts';
import type { Change } from './soak.ts';
import { FOREVER, PATIENCE, type World } from './world.ts';

/** Routes that come and go together. */
const MANY = 20;

/** What is done to routes and what they use, again and again, wherever it runs. */
export function routeChanges(world: World): readonly Change[] {
  return [...ofRoutes(world), ...ofPolicies(world), ...aroundThem(world)];
}

/** Which of two it is to be in a round. */
export function letterOf(round: number): 'a' | 'b' {
  return isOdd(round) ? 'b' : 'a';
}

/** Whether it is the first round, the third... */
export function isOdd(round: number): boolean {
  return round % 2 === 1;
}

/** Leads the route `/edited` to the back-end of a round. */
export async function edit({ put, to }: Pick<World, 'put' | 'to'>, round: number): Promise<void> {
  await put('edited', [routeOf('edited', to(letterOf(round)))]);
}

function ofRoutes(world: World): readonly Change[] {
  const { http, put, remove, to } = world;
  return [
    {
      name: `${MANY} routes added, removed`,
      ends: false,
      make: async (round) => {
        const last = `/more-${MANY - 1}`;
        const routes = Array.from({ length: MANY }, (_, index) => routeOf(`more-${index}`, to('a')));
        await (isOdd(round) ? put('more', routes) : remove('more'));
        await becomes(http, last, { status: isOdd(round) ? 200 : 404 });
      },
    },
    {
      name: 'a route led to another back-end',
      ends: false,
      make: async (round) => {
        await edit(world, round);
        await becomes(http, '/edited', { body: letterOf(round) });
      },
    },
  ];
}

function ofPolicies(world: World): readonly Change[] {
  const { http, keys, put, remove } = world;
  return [
    {
      name: 'a policy changed',
      ends: false,
      make: async (round) => {
        await put('secured', securedOf(world, round));
        await becomes(http, '/secured', { status: 200 }, keys.envoy.token({ sub: `probe-${round}`, ...FOREVER }));
      },
    },
    {
      name: 'a route with its policy removed and added',
      ends: false,
      takes: 'route',
      make: async () => {
        await remove('late');
        await becomes(http, '/late', { status: 404 });
        await put('late', lateOf(world));
        await becomes(http, '/late', { status: 401 });
      },
    },
    {
      name: 'a module upgraded',
      ends: false,
      make: async (round) => {
        await put('filtered', filteredOf(world, round % 2));
        await becomes(http, '/filtered', { body: `a${round % 2}` });
      },
    },
  ];
}

function aroundThem({ http, https, redis, put }: World): readonly Change[] {
  return [
    {
      name: 'the certificate rotated',
      ends: false,
      make: async (round) => {
        await put('certificate', certificateNamed(`round-${round}`));
        const isNew = async (): Promise<boolean> => (await certificateAt(https)) === `round-${round}`;
        await until('the new one is shown', isNew, PATIENCE);
      },
    },
    {
      name: 'Redis gone and back',
      ends: false,
      takes: 'redis',
      make: async () => {
        await redis.kill();
        await becomes(http, '/limited', { status: 503 });
        await redis.restart();
        await isEverywhere(http, '/limited', 200);
      },
    },
  ];
}
