import { array } from '../schema.ts';
import { parentReference } from './references.ts';

const samePair =
  "a.group == b.group && a.kind == b.kind && a.name == b.name && (has(a.__namespace__) ? a.__namespace__ : '') == (has(b.__namespace__) ? b.__namespace__ : '')";

/** What a route attaches to; two references to one parent must each name a different part of it. */
export const parentRefs = array(parentReference, {
  maxItems: 32,
  rules: [
    {
      rule: `self.all(a, self.all(b, !(${samePair}) || (has(a.sectionName) == has(b.sectionName) && has(a.port) == has(b.port))))`,
      message: 'must all name a sectionName (or all a port) where several refer to the same parent',
    },
    {
      rule: `self.all(a, self.exists_one(b, ${samePair} && (has(a.sectionName) ? has(b.sectionName) && a.sectionName == b.sectionName : !has(b.sectionName)) && (has(a.port) ? has(b.port) && a.port == b.port : !has(b.port))))`,
      message: 'must not refer to the same part of a parent twice',
    },
  ],
});
