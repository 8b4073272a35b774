import type { Answer } from './http-connection.ts';
import type { LoadTarget } from './load.ts';
import { EDIT_HEADER, editValue, serviceDocuments } from './world.ts';

/** A kind of edit that must lose no request. */
export interface LoadedEdit {
  readonly id: string;
  readonly words: string;
  /** What the load asks for, whichever state is served. */
  readonly targets: readonly LoadTarget[];
  /** The file of the edit after `edit` edits, and how its effect is seen. */
  state(edit: number): EditState;
}

/** A state of the file of an edit. */
export interface EditState {
  readonly content: string;
  readonly path?: string;
  readonly is: (answer: Answer) => boolean;
  /** How many such answers in a row say that it is in effect. */
  readonly inARow?: number;
}

/** Names of the Services whose back-ends answer "a" and "b". */
export const SERVICE_A = 'answers-a';
export const SERVICE_B = 'answers-b';

/** Port of the back-end that answers "a" or "b". */
type PortOf = (letter: 'a' | 'b') => number;

/** The host name of all of them: one after the other has it. */
export const LOADED_HOST = 'loaded.bench.test';

const answers =
  (letter: string) =>
  ({ status, body }: Answer): boolean =>
    status === 200 && body === letter;

const anywhere = (...accepted: readonly string[]): readonly LoadTarget[] => [
  { host: LOADED_HOST, path: '/', accepted },
];

/** The six kinds of edit. */
export function loadedEdits(portOf: PortOf): readonly LoadedEdit[] {
  return [backendSwap, ruleReorder, filterAdded, weightChanged, endpointReplaced(portOf), routeReplaced];
}

const backendSwap: LoadedEdit = {
  id: 'backend-swap',
  words: 'a backendRef swapped',
  targets: anywhere('a', 'b'),
  state: (edit) => {
    const letter = edit % 2 === 0 ? 'a' : 'b';
    return { content: route('loaded', [rule({ to: [[serviceOf(letter), 1]] })]), is: answers(letter) };
  },
};

/** The first of two equal rules wins, so that the order shows; what the other rules answer never changes. */
const ruleReorder: LoadedEdit = {
  id: 'rule-reorder',
  words: 'rules reordered',
  targets: [
    ...anywhere('a', 'b'),
    { host: LOADED_HOST, path: '/only-a', accepted: ['a'] },
    { host: LOADED_HOST, path: '/only-b', accepted: ['b'] },
  ],
  state: (edit) => {
    const rules = [
      rule({ path: '/only-a', to: [[SERVICE_A, 1]] }),
      rule({ to: [[SERVICE_A, 1]] }),
      rule({ to: [[SERVICE_B, 1]] }),
      rule({ path: '/only-b', to: [[SERVICE_B, 1]] }),
    ];
    return edit % 2 === 0
      ? { content: route('loaded', rules), is: answers('a') }
      : { content: route('loaded', rules.toReversed()), is: answers('b') };
  },
};

const filterAdded: LoadedEdit = {
  id: 'filter-added',
  words: 'an HTTPRoute filter added or taken away',
  targets: anywhere('a'),
  state: (edit) => {
    const value = edit % 2 === 0 ? undefined : editValue(edit);
    return {
      content: route('loaded', [rule({ to: [[SERVICE_A, 1]], header: value })]),
      is: ({ status, headers }) => status === 200 && headers.get(EDIT_HEADER) === value,
    };
  },
};

/** All to a, half and half, all to b, half and half. */
const weightChanged: LoadedEdit = {
  id: 'weight-changed',
  words: 'a weight changed',
  targets: anywhere('a', 'b'),
  state: (edit) => {
    const weights = (
      [
        [1, 0],
        [1, 1],
        [0, 1],
        [1, 1],
      ] as const
    )[edit % 4] ?? [1, 0];
    const to = [
      [SERVICE_A, weights[0]],
      [SERVICE_B, weights[1]],
    ] as const;
    const content = route('loaded', [rule({ to })]);
    if (weights[1] === 0) return { content, is: answers('a'), inARow: 20 };
    if (weights[0] === 0) return { content, is: answers('b'), inARow: 20 };
    return { content, is: answers(edit % 4 === 1 ? 'b' : 'a') };
  },
};

function endpointReplaced(portOf: PortOf): LoadedEdit {
  return {
    id: 'endpoint-replaced',
    words: 'the endpoint of a Service replaced',
    targets: anywhere('a', 'b'),
    state: (edit) => {
      const letter = edit % 2 === 0 ? 'a' : 'b';
      const service = serviceDocuments('moving', portOf(letter));
      const content = [...service, route('loaded', [rule({ to: [['moving', 1]] })])].join('---\n');
      return { content, is: answers(letter) };
    },
  };
}

/** One route goes and another comes in its place, in one write of one file. */
const routeReplaced: LoadedEdit = {
  id: 'route-replaced',
  words: 'a route deleted and another created in one write',
  targets: anywhere('a', 'b'),
  state: (edit) => {
    const letter = edit % 2 === 0 ? 'a' : 'b';
    return { content: route(`loaded-${edit}`, [rule({ to: [[serviceOf(letter), 1]] })]), is: answers(letter) };
  },
};

function serviceOf(letter: 'a' | 'b'): string {
  return letter === 'a' ? SERVICE_A : SERVICE_B;
}

interface Rule {
  readonly path?: string;
  readonly to: readonly (readonly [service: string, weight: number])[];
  readonly header?: string | undefined;
}

function rule({ path = '/', to, header }: Rule): string {
  const filters =
    header === undefined
      ? ''
      : `      filters:
        - type: ResponseHeaderModifier
          responseHeaderModifier:
            set:
              - name: ${EDIT_HEADER}
                value: ${header}
`;
  const backEnds = to.map(
    ([service, weight]) => `        - name: ${service}\n          port: 80\n          weight: ${weight}\n`,
  );
  return `    - matches:
        - path:
            type: PathPrefix
            value: ${path}
${filters}      backendRefs:
${backEnds.join('')}`;
}

function route(name: string, rules: readonly string[]): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: ${name}
spec:
  parentRefs:
    - name: bench
  hostnames:
    - ${LOADED_HOST}
  rules:
${rules.join('')}`;
}
