{{/* Generated from controller/kubernetes/rbac.ts and controller/infra/kubernetes/rbac.ts by npm run chart. */}}
{{- define "sluice.rules" -}}
ControllerNamespace:
  cluster:
    - apiGroups:
        - gateway.networking.k8s.io
      resources:
        - gatewayclasses
      verbs:
        - get
        - list
        - watch
    - apiGroups:
        - ""
      resources:
        - namespaces
        - nodes
      verbs:
        - list
        - watch
    - apiGroups:
        - apiextensions.k8s.io
      resources:
        - customresourcedefinitions
      verbs:
        - get
        - list
        - watch
    - apiGroups:
        - gateway.networking.k8s.io
      resources:
        - gatewayclasses/status
      verbs:
        - patch
  unnamed:
    - apiGroups:
        - gateway.networking.k8s.io
      resources:
        - gatewayclasses
      verbs:
        - patch
  watched:
    - apiGroups:
        - gateway.networking.k8s.io
      resources:
        - backendtlspolicies
        - gateways
        - grpcroutes
        - httproutes
        - listenersets
        - tcproutes
        - tlsroutes
        - udproutes
      verbs:
        - get
        - list
        - watch
    - apiGroups:
        - gateway.networking.k8s.io
      resources:
        - referencegrants
      verbs:
        - list
        - watch
    - apiGroups:
        - gateway.envoyproxy.io
      resources:
        - backends
        - backendtrafficpolicies
        - clienttrafficpolicies
        - envoyextensionpolicies
        - envoypatchpolicies
        - envoyproxies
        - securitypolicies
      verbs:
        - get
        - list
        - watch
    - apiGroups:
        - gateway.envoyproxy.io
      resources:
        - httproutefilters
      verbs:
        - list
        - watch
    - apiGroups:
        - ""
      resources:
        - configmaps
        - secrets
      verbs:
        - get
        - list
        - watch
    - apiGroups:
        - ""
      resources:
        - services
      verbs:
        - list
        - watch
    - apiGroups:
        - multicluster.x-k8s.io
      resources:
        - serviceimports
      verbs:
        - list
        - watch
    - apiGroups:
        - discovery.k8s.io
      resources:
        - endpointslices
      verbs:
        - list
        - watch
    - apiGroups:
        - gateway.networking.k8s.io
      resources:
        - backendtlspolicies/status
        - gateways/status
        - grpcroutes/status
        - httproutes/status
        - listenersets/status
        - tcproutes/status
        - tlsroutes/status
        - udproutes/status
      verbs:
        - patch
    - apiGroups:
        - gateway.envoyproxy.io
      resources:
        - backends/status
        - backendtrafficpolicies/status
        - clienttrafficpolicies/status
        - envoyextensionpolicies/status
        - envoypatchpolicies/status
        - envoyproxies/status
        - securitypolicies/status
      verbs:
        - patch
    - apiGroups:
        - ""
      resources:
        - events
      verbs:
        - create
        - patch
  own:
    - apiGroups:
        - coordination.k8s.io
      resources:
        - leases
      verbs:
        - create
        - get
        - update
    - apiGroups:
        - ""
      resources:
        - secrets
      verbs:
        - create
        - delete
        - get
        - list
        - patch
        - update
        - watch
    - apiGroups:
        - ""
      resources:
        - configmaps
        - serviceaccounts
        - services
      verbs:
        - create
        - delete
        - get
        - list
        - patch
        - watch
    - apiGroups:
        - apps
      resources:
        - daemonsets
        - deployments
      verbs:
        - create
        - delete
        - get
        - list
        - patch
        - watch
    - apiGroups:
        - autoscaling
      resources:
        - horizontalpodautoscalers
      verbs:
        - create
        - delete
        - get
        - list
        - patch
        - watch
    - apiGroups:
        - policy
      resources:
        - poddisruptionbudgets
      verbs:
        - create
        - delete
        - get
        - list
        - patch
        - watch
  default:
    - apiGroups:
        - ""
      resources:
        - events
      verbs:
        - create
        - patch
GatewayNamespace:
  cluster:
    - apiGroups:
        - gateway.networking.k8s.io
      resources:
        - gatewayclasses
      verbs:
        - get
        - list
        - watch
    - apiGroups:
        - ""
      resources:
        - namespaces
        - nodes
      verbs:
        - list
        - watch
    - apiGroups:
        - apiextensions.k8s.io
      resources:
        - customresourcedefinitions
      verbs:
        - get
        - list
        - watch
    - apiGroups:
        - gateway.networking.k8s.io
      resources:
        - gatewayclasses/status
      verbs:
        - patch
  unnamed:
    - apiGroups:
        - gateway.networking.k8s.io
      resources:
        - gatewayclasses
      verbs:
        - patch
  watched:
    - apiGroups:
        - gateway.networking.k8s.io
      resources:
        - backendtlspolicies
        - gateways
        - grpcroutes
        - httproutes
        - listenersets
        - tcproutes
        - tlsroutes
        - udproutes
      verbs:
        - get
        - list
        - watch
    - apiGroups:
        - gateway.networking.k8s.io
      resources:
        - referencegrants
      verbs:
        - list
        - watch
    - apiGroups:
        - gateway.envoyproxy.io
      resources:
        - backends
        - backendtrafficpolicies
        - clienttrafficpolicies
        - envoyextensionpolicies
        - envoypatchpolicies
        - envoyproxies
        - securitypolicies
      verbs:
        - get
        - list
        - watch
    - apiGroups:
        - gateway.envoyproxy.io
      resources:
        - httproutefilters
      verbs:
        - list
        - watch
    - apiGroups:
        - ""
      resources:
        - configmaps
        - secrets
        - serviceaccounts
        - services
      verbs:
        - create
        - delete
        - get
        - list
        - patch
        - watch
    - apiGroups:
        - multicluster.x-k8s.io
      resources:
        - serviceimports
      verbs:
        - list
        - watch
    - apiGroups:
        - discovery.k8s.io
      resources:
        - endpointslices
      verbs:
        - list
        - watch
    - apiGroups:
        - gateway.networking.k8s.io
      resources:
        - backendtlspolicies/status
        - gateways/status
        - grpcroutes/status
        - httproutes/status
        - listenersets/status
        - tcproutes/status
        - tlsroutes/status
        - udproutes/status
      verbs:
        - patch
    - apiGroups:
        - gateway.envoyproxy.io
      resources:
        - backends/status
        - backendtrafficpolicies/status
        - clienttrafficpolicies/status
        - envoyextensionpolicies/status
        - envoypatchpolicies/status
        - envoyproxies/status
        - securitypolicies/status
      verbs:
        - patch
    - apiGroups:
        - ""
      resources:
        - events
      verbs:
        - create
        - patch
    - apiGroups:
        - apps
      resources:
        - daemonsets
        - deployments
      verbs:
        - create
        - delete
        - get
        - list
        - patch
        - watch
    - apiGroups:
        - autoscaling
      resources:
        - horizontalpodautoscalers
      verbs:
        - create
        - delete
        - get
        - list
        - patch
        - watch
    - apiGroups:
        - policy
      resources:
        - poddisruptionbudgets
      verbs:
        - create
        - delete
        - get
        - list
        - patch
        - watch
  own:
    - apiGroups:
        - coordination.k8s.io
      resources:
        - leases
      verbs:
        - create
        - get
        - update
    - apiGroups:
        - ""
      resources:
        - secrets
      verbs:
        - create
        - delete
        - get
        - list
        - patch
        - update
        - watch
    - apiGroups:
        - ""
      resources:
        - configmaps
        - serviceaccounts
        - services
      verbs:
        - create
        - delete
        - get
        - list
        - patch
        - watch
    - apiGroups:
        - apps
      resources:
        - daemonsets
        - deployments
      verbs:
        - create
        - delete
        - get
        - list
        - patch
        - watch
    - apiGroups:
        - autoscaling
      resources:
        - horizontalpodautoscalers
      verbs:
        - create
        - delete
        - get
        - list
        - patch
        - watch
    - apiGroups:
        - policy
      resources:
        - poddisruptionbudgets
      verbs:
        - create
        - delete
        - get
        - list
        - patch
        - watch
  default:
    - apiGroups:
        - ""
      resources:
        - events
      verbs:
        - create
        - patch
{{- end -}}
