import { describe, expect, it } from 'vitest';
import type { GatewayClass } from '#controller/api/gen/types.d.ts';
import { DEFAULT_SETTINGS } from '../compile.ts';
import { ResourceStore } from '../resources/store.ts';
import { CONTROLLER_NAME } from '../settings.ts';
import { renderStatus } from '../status/render.ts';
import { createTranslator } from '../translate.ts';
import { SUPPORTED_FEATURES } from './supported-features.ts';

function gatewayClass(name: string, controllerName: string): GatewayClass {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GatewayClass',
    metadata: { name, generation: 7 },
    spec: { controllerName },
  };
}

describe('the status of GatewayClasses', () => {
  const store = new ResourceStore();
  for (const name of ['eg', 'eg-internal']) store.upsert(gatewayClass(name, CONTROLLER_NAME));
  store.upsert(gatewayClass('of-others', 'example.com/other'));
  const { statuses } = createTranslator(DEFAULT_SETTINGS)(store);
  const shown = statuses()
    .flat()
    .map((status) => renderStatus(status, { time: '', controllerName: CONTROLLER_NAME }));

  it('is told of every class that names the controller, and of no other', () => {
    expect(shown.map(({ metadata }) => metadata)).toEqual([
      { name: 'eg', generation: 7 },
      { name: 'eg-internal', generation: 7 },
    ]);
  });

  it('says that the class is accepted, of the generation that was looked at', () => {
    expect(shown[0]?.['status']).toMatchObject({
      conditions: [{ type: 'Accepted', status: 'True', reason: 'Accepted', observedGeneration: 7 }],
    });
  });

  it('lists the supported features by name, each once, as clients search them', () => {
    const names = [...new Set(SUPPORTED_FEATURES)].toSorted();
    expect(shown[0]?.['status']).toMatchObject({ supportedFeatures: names.map((name) => ({ name })) });
    expect(names).toContain('HTTPRoute');
    expect(names.some((name) => name.startsWith('Mesh'))).toBe(false);
  });
});
