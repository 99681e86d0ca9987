{{- define "simulation.labels" -}}
app.kubernetes.io/name: atalaya-simulation
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "simulation.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* What both pods have in common. */}}
{{- define "simulation.pod" -}}
restartPolicy: Never
activeDeadlineSeconds: {{ .Values.lifetimeSeconds }}
terminationGracePeriodSeconds: 1
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 33
  runAsGroup: 33
  seccompProfile: { type: RuntimeDefault }
  # Both serve on port 80, as the original does, without being root.
  sysctls: [{ name: net.ipv4.ip_unprivileged_port_start, value: "0" }]
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- end }}

{{- define "simulation.container" -}}
image: {{ include "simulation.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  capabilities: { drop: [ALL] }
resources:
  requests: { cpu: 10m, memory: 32Mi }
  limits: { memory: 256Mi }
{{- end }}
