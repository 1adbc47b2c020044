{{/* An endpoint of a ServiceMonitor or PodMonitor: (dict "root" $ "monitor" …). */}}
{{- define "sag-exporter.endpoint" -}}
{{- $monitor := .monitor -}}
port: metrics
path: {{ .root.Values.web.telemetryPath }}
scheme: {{ $monitor.scheme | default (include "sag-exporter.scheme" .root) }}
interval: {{ $monitor.interval }}
scrapeTimeout: {{ $monitor.scrapeTimeout }}
{{- range $key := list "tlsConfig" "basicAuth" "relabelings" "metricRelabelings" }}
{{- with get $monitor $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the two have in common beside the endpoint. */}}
{{- define "sag-exporter.selection" -}}
# The job is the name of the chart, by which the alerts know it.
jobLabel: app.kubernetes.io/name
{{- with .monitor.sampleLimit }}
sampleLimit: {{ int64 . }}
{{- end }}
{{- if and .monitor.namespace (ne .monitor.namespace .root.Release.Namespace) }}
namespaceSelector:
  matchNames: [{{ .root.Release.Namespace }}]
{{- end }}
selector:
  matchLabels:
    {{- include "sag-exporter.selectorLabels" .root | nindent 4 }}
{{- end }}
