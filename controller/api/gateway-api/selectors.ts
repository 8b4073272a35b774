import { array, map, named, oneOf, required, string } from '../schema.ts';

/** One requirement of a label selector; In and NotIn need values, Exists and DoesNotExist take none. */
export const labelSelectorRequirement = named(
  'LabelSelectorRequirement',
  {
    key: required(string()),
    operator: required(oneOf(['In', 'NotIn', 'Exists', 'DoesNotExist'])),
    values: array(string()),
  },
  {
    rules: [
      {
        rule: "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0",
        message: 'must have values with In and NotIn, and none with Exists and DoesNotExist',
        fieldPath: ['values'],
      },
    ],
  },
);

/** A selector of objects by label (meta/v1 LabelSelector): all requirements hold; an empty one selects everything. */
export const labelSelector = named('LabelSelector', {
  matchLabels: map(string()),
  matchExpressions: array(labelSelectorRequirement),
});
