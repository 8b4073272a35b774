import { expect, it } from 'vitest';
import type { BackendTrafficPolicy } from '#controller/api/gen/types.d.ts';
import { DEFAULT_SETTINGS } from '#controller/compile.ts';
import { Problems } from '../../resources/problems.ts';
import { rateLimitConfig } from './config.ts';
import { hiddenLimits } from './headers.ts';
import { translateRateLimit } from './spec.ts';

const rules = [{ limit: { requests: 1, unit: 'Hour' } }] as const;
const policy: BackendTrafficPolicy = {
  apiVersion: 'gateway.envoyproxy.io/v1alpha1',
  kind: 'BackendTrafficPolicy',
  metadata: { namespace: 'shop', name: 'orders', generation: 1 },
  spec: {},
};

it.each([
  ['by what the operator says', { global: { rules } }, 20, 20],
  ['as the filter has it where nobody says', { global: { rules } }, undefined, 0],
  ['in no way that its bytes tell where nothing is counted elsewhere', { local: { rules } }, 20, 0],
])('a request waits for its count %s', (_, spec, rateLimitTimeout, expected) => {
  const ir = translateRateLimit(spec, policy, { ...DEFAULT_SETTINGS, rateLimitTimeout }, new Problems());
  expect(rateLimitConfig(ir).timeout).toBe(expected);
  expect(rateLimitConfig(hiddenLimits(ir)).timeout).toBe(expected);
});
