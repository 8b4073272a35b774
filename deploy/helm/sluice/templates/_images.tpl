{{/* Generated from controller/infra/kubernetes/objects/settings.ts by npm run chart. */}}
{{- define "sluice.defaultEnvoyImage" -}}docker.io/envoyproxy/envoy:distroless-v1.40.0{{- end -}}
