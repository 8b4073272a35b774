import { ENVOY_IMAGE } from '#controller/infra/kubernetes/objects/settings.ts';
import { rulesTemplate } from './rules.ts';
import { valuesSchema } from './values-schema.ts';

/** The files of the chart that are made from the code, by their path in it. */
export function renderChart(): ReadonlyMap<string, string> {
  return new Map([
    ['templates/_rules.tpl', rulesTemplate()],
    ['templates/_images.tpl', imagesTemplate()],
    ['values.schema.json', valuesSchema()],
  ]);
}

function imagesTemplate(): string {
  return `{{/* Generated from controller/infra/kubernetes/objects/settings.ts by npm run chart. */}}\n{{- define "sluice.defaultEnvoyImage" -}}${ENVOY_IMAGE}{{- end -}}\n`;
}
