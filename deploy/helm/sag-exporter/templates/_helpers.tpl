{{/* Names are at most 63 characters, for they become labels and host names. */}}
{{- define "sag-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Room is left for what follows it: the number of a pod, "-dashboard-…". */}}
{{- define "sag-exporter.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 45 | trimSuffix "-" }}
{{- else }}
{{- $name := include "sag-exporter.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 45 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 45 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "sag-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "sag-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "sag-exporter.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "sag-exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
The metadata of an object: (dict "root" $ "name" … "namespace" … "labels" … "annotations" …),
of which only root is needed.
*/}}
{{- define "sag-exporter.metadata" -}}
{{- $root := .root -}}
name: {{ .name | default (include "sag-exporter.fullname" $root) }}
namespace: {{ .namespace | default $root.Release.Namespace }}
labels:
  {{- $own := include "sag-exporter.labels" $root | fromYaml }}
  {{- toYaml (mergeOverwrite $own (.labels | default dict)) | nindent 2 }}
{{- with mergeOverwrite (deepCopy $root.Values.commonAnnotations) (.annotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "sag-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "sag-exporter.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "sag-exporter.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "sag-exporter.scheme" -}}
{{ ternary "https" "http" .Values.web.tls }}
{{- end }}

{{/* The names of the secrets; empty where there is none. */}}
{{- define "sag-exporter.secretName" -}}
{{- if .Values.secret.existingSecret }}
{{- .Values.secret.existingSecret }}
{{- else if .Values.secret.data }}
{{- printf "%s-keys" (include "sag-exporter.fullname" .) }}
{{- end }}
{{- end }}

{{- define "sag-exporter.webSecretName" -}}
{{- if .Values.web.config.existingSecret }}
{{- .Values.web.config.existingSecret }}
{{- else if .Values.web.config.data }}
{{- printf "%s-web" (include "sag-exporter.fullname" .) }}
{{- end }}
{{- end }}

{{/* Whether every pod of a StatefulSet gets a claim of its own. */}}
{{- define "sag-exporter.claimTemplate" -}}
{{- if and (gt (int .Values.shards) 1) (eq .Values.state.type "persistentVolumeClaim") }}true{{ end }}
{{- end }}

{{/* The configuration file; where there is a place for the state, it is named. */}}
{{- define "sag-exporter.config" -}}
{{- $config := deepCopy .Values.config }}
{{- if and (ne .Values.state.type "none") (not $config.state) }}
{{- $_ := set $config "state" (dict "file" (printf "%s/state" (trimSuffix "/" .Values.state.mountPath))) }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{/*
What the schema cannot say, because it is about more than one value.
*/}}
{{- define "sag-exporter.validate" -}}
{{- $web := .Values.web }}
{{- if and .Values.secret.existingSecret .Values.secret.data }}
{{- fail "secret: existingSecret and data exclude each other" }}
{{- end }}
{{- if and $web.config.existingSecret $web.config.data }}
{{- fail "web.config: existingSecret and data exclude each other" }}
{{- end }}
{{- if and $web.config.data (not (hasKey $web.config.data $web.config.key)) }}
{{- fail (printf "web.config.data: expected the file %s that web.config.key names" $web.config.key) }}
{{- end }}
{{- if and (or $web.tls $web.basicAuth $web.clientCertificates) (not (include "sag-exporter.webSecretName" .)) }}
{{- fail "web: tls, basicAuth and clientCertificates need web.config: a web configuration asks for them" }}
{{- end }}
{{- if and $web.clientCertificates (not $web.tls) }}
{{- fail "web.clientCertificates: expected web.tls too, for there are no certificates without TLS" }}
{{- end }}
{{- if and .Values.rrsa.roleName (or .Values.rrsa.roleArn .Values.rrsa.oidcProviderArn) }}
{{- fail "rrsa: roleName (by the webhook) and roleArn with oidcProviderArn (by the chart) exclude each other" }}
{{- end }}
{{- if ne (empty .Values.rrsa.roleArn) (empty .Values.rrsa.oidcProviderArn) }}
{{- fail "rrsa: roleArn and oidcProviderArn need each other" }}
{{- end }}
{{- if and .Values.rrsa.roleName (not .Values.serviceAccount.create) }}
{{- fail "rrsa.roleName is an annotation of the service account: expected serviceAccount.create" }}
{{- end }}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled }}
{{- fail "serviceMonitor and podMonitor exclude each other: every pod would be scraped twice" }}
{{- end }}
{{- if and (gt (int .Values.shards) 1) .Values.state.existingClaim }}
{{- fail "state.existingClaim: expected one shard, for shards do not share what they remember" }}
{{- end }}
{{- end }}
