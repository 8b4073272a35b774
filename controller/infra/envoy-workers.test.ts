import { describe, expect, it } from 'vitest';
import type { EnvoyProxySpec } from '#controller/api/gen/types.d.ts';
import { cpusOf, podWorkers, saidWorkers } from './envoy-workers.ts';

const limited = (cpu: string): Partial<EnvoyProxySpec> => ({
  provider: { type: 'Kubernetes', kubernetes: { envoyDeployment: { container: { resources: { limits: { cpu } } } } } },
});

describe('the workers of an Envoy', () => {
  it.each([
    ['nobody says', {}, undefined],
    ['its EnvoyProxy says', { concurrency: 3 }, 3],
    ['its arguments say', { concurrency: 3, extraArgs: ['--concurrency', '5'] }, 5],
    ['its arguments say in one word', { extraArgs: ['--log-path', 'x', '--concurrency=7'] }, 7],
    ['its arguments say nonsense', { extraArgs: ['--concurrency'] }, undefined],
  ] as const)('are those that %s', (_, spec, expected) => {
    expect(saidWorkers({ ...spec, extraArgs: 'extraArgs' in spec ? [...spec.extraArgs] : [] })).toBe(expected);
  });

  it('are in a pod those that its container may use', () => {
    expect(podWorkers(limited('2500m'))).toBe(3);
    expect(podWorkers({ ...limited('2500m'), concurrency: 2 })).toBe(2);
    expect(podWorkers({})).toBeUndefined();
  });

  it.each([
    ['100m', 1],
    ['2', 2],
    [1.5, 2],
    ['1001m', 2],
    [undefined, undefined],
    ['many', undefined],
  ])('take %s CPUs to be %s', (quantity, expected) => {
    expect(cpusOf(quantity)).toBe(expected);
  });
});
