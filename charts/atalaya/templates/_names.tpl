{{- define "atalaya.labels" -}}
app.kubernetes.io/name: atalaya
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- /* What pods are found by: (list $ "component"). */}}
{{- define "atalaya.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: atalaya
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "atalaya.sensorImage" -}}
{{- $i := .Values.images -}}
{{ $i.registry }}/{{ $i.sensor }}{{ if $i.sensorDigest }}@{{ $i.sensorDigest }}{{ else }}:{{ $i.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "atalaya.hubImage" -}}
{{- $i := .Values.images -}}
{{ $i.registry }}/{{ $i.hub }}{{ if $i.hubDigest }}@{{ $i.hubDigest }}{{ else }}:{{ $i.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- /* Of the first certificate of a PEM text, as openssl and the hub write it: AB:CD:... */}}
{{- define "atalaya.fingerprint" -}}
{{- $body := regexReplaceAll "(?s)^.*?-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----.*$" . "${1}" -}}
{{- $sum := regexReplaceAll "\\s" $body "" | b64dec | sha256sum | upper -}}
{{- regexReplaceAll "(..)" $sum "${1}:" | trimSuffix ":" -}}
{{- end }}

{{- define "atalaya.hubUrl" -}}
{{- if .Values.hub.url -}}
{{ .Values.hub.url }}
{{- else if .Values.hub.enabled -}}
https://atalaya-hub.{{ .Release.Namespace }}.svc:{{ .Values.hub.service.port }}
{{- else -}}
{{ fail "hub.enabled is false, so hub.url has to say where the hub is" }}
{{- end -}}
{{- end }}

{{- /* What every container of ours is but for the collector: not root, no capability, nothing to write to. */}}
{{- define "atalaya.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
capabilities: { drop: [ALL] }
{{- end }}

{{- define "atalaya.resources" -}}
limits: {{ toJson .limits }}
requests: {{ toJson .requests }}
{{- end }}

{{- define "atalaya.pullSecrets" -}}
{{- with .Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- /*
Workers, and the control plane's nodes: only there the API server's audit log is read, and only who runs there may send it.
Each has DaemonSets of its own when audit.file.path is set.
*/}}
{{- define "atalaya.kindsOfNodes" -}}
{{- $label := .Values.audit.file.controlPlaneLabel -}}
{{- $kinds := list -}}
{{- range $suffix, $operator := dict "" "DoesNotExist" "-control-plane" "Exists" -}}
{{- $term := dict "matchExpressions" (list (dict "key" $label "operator" $operator)) -}}
{{- $affinity := dict "nodeAffinity" (dict "requiredDuringSchedulingIgnoredDuringExecution" (dict "nodeSelectorTerms" (list $term))) -}}
{{- $kinds = append $kinds (dict "suffix" $suffix "affinity" $affinity) -}}
{{- end -}}
{{ toJson $kinds }}
{{- end }}
