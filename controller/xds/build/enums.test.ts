import { describe, expect, it } from 'vitest';
import { registry } from '#proto/load.ts';
import { ENUMS } from './enums.ts';

describe('the enum values that are sent', () => {
  for (const [name, members] of Object.entries(ENUMS)) {
    it(`are those of ${name} in Envoy's API`, () => {
      const known = new Map(registry().getEnum(name)?.values.map((value) => [value.name, value.number]));
      for (const [member, number] of Object.entries(members)) expect(known.get(member), member).toBe(number);
    });
  }
});
