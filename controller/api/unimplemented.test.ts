import { describe, expect, it } from 'vitest';
import type { HTTPRoute } from './gen/types.d.ts';
import type { ImplementedPaths } from './unimplemented.ts';
import { formatUnimplemented, unimplemented } from './unimplemented.ts';
import { validate } from './validate.ts';

function route(spec: object): HTTPRoute {
  const document = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'a' }, spec };
  const result = validate('HTTPRoute', document);
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return result.value;
}

function found(spec: object, implemented: ImplementedPaths): string {
  return formatUnimplemented(unimplemented(route(spec), implemented));
}

const timeouts = { rules: [{}, { timeouts: { request: '1s', backendRequest: '1s' } }] };

describe('fields that the schema knows and the build does not implement', () => {
  it('are none when all is implemented', () => {
    expect(found(timeouts, ['spec'])).toBe('');
  });

  it('are named by the outermost field, with the index', () => {
    expect(found(timeouts, ['spec.rules[].matches', 'spec.rules[].backendRefs'])).toBe('spec.rules[1].timeouts');
  });

  it('do not include what only has its default', () => {
    expect(found({ parentRefs: [{ name: 'a' }] }, ['spec.parentRefs[].name'])).toBe('');
    expect(found({ parentRefs: [{ name: 'a', kind: 'Service' }] }, ['spec.parentRefs[].name'])).toBe(
      'spec.parentRefs[0].kind',
    );
  });

  it('can be taken out of what is implemented', () => {
    expect(found(timeouts, ['spec', '!spec.rules[].timeouts.backendRequest'])).toBe(
      'spec.rules[1].timeouts.backendRequest',
    );
  });

  it('can be single values', () => {
    const spec = {
      rules: [
        { matches: [{ path: { type: 'Exact', value: '/' } }, { path: { type: 'RegularExpression', value: '/' } }] },
      ],
    };
    expect(found(spec, ['spec', '!spec.rules[].matches[].path.type=RegularExpression'])).toBe(
      'spec.rules[0].matches[1].path.type',
    );
    expect(found(spec, ['spec', '!spec.rules[].matches[].path.type', 'spec.rules[].matches[].path.type=Exact'])).toBe(
      'spec.rules[0].matches[1].path.type',
    );
  });
});
