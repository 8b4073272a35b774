import { describe, expect, it } from 'vitest';
import type { Container, Pod } from './kinds.ts';
import { environmentOf, fieldOf, filledIn, groupsOf, isReadOnly } from './pod-fields.ts';

const pod: Pod = {
  metadata: { name: 'p', namespace: 'n', uid: 'u', labels: { app: 'web' }, annotations: { 'a.b/c': 'd' } },
  spec: { containers: [] },
};

describe('the environment of a container', () => {
  it('has fields of the pod, keys of Secrets, and variables before it filled in', async () => {
    const container: Container = {
      name: 'c',
      image: 'i',
      env: [
        { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'KEY', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
        { name: 'BOTH', value: '$(NAME)-$(KEY)-$(NONE)-$$(NAME)' },
      ],
    };
    const found = await environmentOf(pod, container, '10.244.1.2', (plural, name, key) =>
      Promise.resolve(`${plural}/${name}/${key}`),
    );
    expect(found).toEqual({ NAME: 'p', KEY: 'secrets/s/k', BOTH: 'p-secrets/s/k-$(NONE)-$(NAME)' });
  });

  it('reads labels, annotations and addresses', () => {
    const paths = [
      "metadata.labels['app']",
      "metadata.annotations['a.b/c']",
      'status.podIP',
      'spec.serviceAccountName',
    ];
    expect(paths.map((path) => fieldOf(pod, '10.244.1.2', path))).toEqual(['web', 'd', '10.244.1.2', 'default']);
  });

  it('leaves text without variables as it is', () => {
    expect(filledIn('--a=b $x', {})).toBe('--a=b $x');
  });
});

describe('the user of a container', () => {
  it('is in the group of its volumes, too', () => {
    expect(groupsOf({ runAsUser: 1, supplementalGroups: [7], fsGroup: 9 })).toEqual([7, 9]);
    expect(groupsOf({ runAsUser: 1 })).toEqual([]);
  });
});

describe('a volume in a container', () => {
  it.each([
    ['an emptyDir', { emptyDir: {} }, false, false],
    ['an emptyDir that the container only reads', { emptyDir: {} }, true, true],
    ['a Secret', { secret: { secretName: 's' } }, false, true],
    ['a token', { projected: {} }, false, true],
  ])('that is %s', (_, source, readOnly, expected) => {
    const own = { ...pod, spec: { ...pod.spec, volumes: [{ name: 'v', ...source }] } };
    expect(isReadOnly(own, { name: 'v', mountPath: '/v', readOnly })).toBe(expected);
  });
});
