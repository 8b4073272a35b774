{{- define "sluice.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- define "sluice.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "sluice.fullname" -}}
{{- $name := include "sluice.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Of objects that belong to the whole cluster: there may be an installation in each namespace. */}}
{{- define "sluice.clusterName" -}}
{{- printf "%s:%s" (include "sluice.fullname" .) (include "sluice.namespace" .) -}}
{{- end -}}

{{- define "sluice.selector" -}}
control-plane: envoy-gateway
app.kubernetes.io/name: {{ include "sluice.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "sluice.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{ include "sluice.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* An image at another registry, where there is one: its own is what comes before the first slash and looks like a host. */}}
{{- define "sluice.at" -}}
{{- $parts := splitn "/" 2 .image -}}
{{- $own := and $parts._1 (or (contains "." $parts._0) (contains ":" $parts._0) (eq $parts._0 "localhost")) -}}
{{- if not .registry -}}
{{- .image -}}
{{- else if $own -}}
{{- printf "%s/%s" .registry $parts._1 -}}
{{- else -}}
{{- printf "%s/%s" .registry .image -}}
{{- end -}}
{{- end -}}

{{- define "sluice.image" -}}
{{- $own := .Values.deployment.envoyGateway.image -}}
{{- $image := default (printf "sluice:%s" .Chart.AppVersion) .Values.global.images.envoyGateway.image -}}
{{- if $own.repository -}}
{{- $image = printf "%s:%s" $own.repository (default .Chart.AppVersion $own.tag) -}}
{{- else if $own.tag -}}
{{- $image = printf "sluice:%s" $own.tag -}}
{{- end -}}
{{- include "sluice.at" (dict "image" $image "registry" .Values.global.imageRegistry) -}}
{{- end -}}

{{- define "sluice.sidecarImage" -}}
{{- $image := default (printf "sluice-sidecar:%s" .Chart.AppVersion) .Values.global.images.sidecar.image -}}
{{- include "sluice.at" (dict "image" $image "registry" .Values.global.imageRegistry) -}}
{{- end -}}

{{/* Empty where the controller's own choice is right. */}}
{{- define "sluice.envoyImage" -}}
{{- $image := .Values.global.images.envoyProxy.image -}}
{{- if and (not $image) .Values.global.imageRegistry -}}
{{- $image = include "sluice.defaultEnvoyImage" . -}}
{{- end -}}
{{- with $image -}}
{{- include "sluice.at" (dict "image" . "registry" $.Values.global.imageRegistry) -}}
{{- end -}}
{{- end -}}

{{- define "sluice.pullPolicy" -}}
{{- with default .Values.deployment.envoyGateway.imagePullPolicy .Values.global.images.envoyGateway.pullPolicy -}}
imagePullPolicy: {{ . }}
{{- end }}
{{- end -}}

{{- define "sluice.pullSecrets" -}}
{{- with coalesce .Values.global.imagePullSecrets .Values.deployment.envoyGateway.imagePullSecrets .Values.global.images.envoyGateway.pullSecrets -}}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Names of the Secrets by which proxies pull their images. */}}
{{- define "sluice.proxyPullSecrets" -}}
{{- $names := list -}}
{{- range coalesce .Values.global.imagePullSecrets .Values.global.images.envoyProxy.pullSecrets list -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- join "," $names -}}
{{- end -}}

{{/* Where proxies run: it decides what the controller has to be allowed. */}}
{{- define "sluice.deploy" -}}
{{- dig "kubernetes" "deploy" "type" "ControllerNamespace" (.Values.config.envoyGateway.provider | default dict) | default "ControllerNamespace" -}}
{{- end -}}

{{/* The namespaces that are read, as JSON; of all of them: []. */}}
{{- define "sluice.watched" -}}
{{- $watch := dig "kubernetes" "watch" dict (.Values.config.envoyGateway.provider | default dict) | default dict -}}
{{- ternary (list) ($watch.namespaces | default list) (eq ($watch.type | default "") "NamespaceSelector") | uniq | toJson -}}
{{- end -}}

{{/* What an installation needs before anything else; in a namespace that is made with it, after that. */}}
{{- define "sluice.hooks" -}}
"helm.sh/hook": {{ ternary "post-install,pre-upgrade" "pre-install,pre-upgrade" .Values.createNamespace }}
{{- end -}}

{{/* Where the admin service of a pod is, for commands in it. */}}
{{- define "sluice.admin" -}}
{{- $address := dig "admin" "address" dict .Values.config.envoyGateway | default dict -}}
{{- printf "127.0.0.1:%v" ($address.port | default 19000) -}}
{{- end -}}
