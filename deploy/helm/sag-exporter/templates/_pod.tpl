{{/* The template of a pod, of the Deployment and of the StatefulSet. */}}
{{- define "sag-exporter.podTemplate" -}}
metadata:
  labels:
    {{- $labels := include "sag-exporter.labels" . | fromYaml }}
    {{- if .Values.rrsa.roleName }}
    {{- $_ := set $labels "pod-identity.alibabacloud.com/injection" "on" }}
    {{- end }}
    {{- toYaml (mergeOverwrite $labels (deepCopy .Values.podLabels)) | nindent 4 }}
  {{- $annotations := deepCopy .Values.commonAnnotations }}
  {{- if not .Values.existingConfigMap.name }}
  {{- /* A new configuration makes new pods. */}}
  {{- $_ := set $annotations "checksum/config" (include "sag-exporter.config" . | sha256sum) }}
  {{- end }}
  {{- with mergeOverwrite $annotations .Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "sag-exporter.serviceAccountName" . }}
  # The exporter does not talk to Kubernetes.
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  containers:
    - name: sag-exporter
      image: {{ include "sag-exporter.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args:
        {{- include "sag-exporter.args" . | nindent 8 }}
      {{- with include "sag-exporter.env" . | trim }}
      env:
        {{- . | nindent 8 }}
      {{- end }}
      ports:
        - name: metrics
          containerPort: {{ .Values.web.port }}
          protocol: TCP
      livenessProbe:
        {{- include "sag-exporter.probe" (dict "root" . "path" "/-/healthy" "timing" .Values.probes.liveness) | nindent 8 }}
      readinessProbe:
        {{- include "sag-exporter.probe" (dict "root" . "path" "/-/ready" "timing" .Values.probes.readiness) | nindent 8 }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      volumeMounts:
        {{- include "sag-exporter.volumeMounts" . | nindent 8 }}
  volumes:
    {{- include "sag-exporter.volumes" . | nindent 4 }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "sag-exporter.spread" . }}
  topologySpreadConstraints:
    {{- . | nindent 4 }}
  {{- end }}
  {{- with .Values.dnsConfig }}
  dnsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.hostAliases }}
  hostAliases:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "sag-exporter.args" -}}
- serve
- --config.file=/etc/sag-exporter/sag-exporter.yml
- --web.listen-address=:{{ .Values.web.port }}
- --web.telemetry-path={{ .Values.web.telemetryPath }}
{{- if include "sag-exporter.webSecretName" . }}
- --web.config.file=/etc/sag-exporter-web/{{ .Values.web.config.key }}
{{- end }}
{{- if .Values.web.enableLifecycle }}
- --web.enable-lifecycle
{{- end }}
{{- if gt (int .Values.shards) 1 }}
- --sweep.shard=$(SHARD)/{{ int .Values.shards }}
{{- end }}
- --log.level={{ .Values.log.level }}
- --log.format={{ .Values.log.format }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end }}

{{- define "sag-exporter.env" -}}
{{- if gt (int .Values.shards) 1 }}
# The number of the pod; Kubernetes has the label from 1.28 on.
- name: SHARD
  valueFrom:
    fieldRef:
      fieldPath: metadata.labels['apps.kubernetes.io/pod-index']
{{- end }}
{{- if .Values.rrsa.roleArn }}
- name: ALIBABA_CLOUD_ROLE_ARN
  value: {{ .Values.rrsa.roleArn | quote }}
- name: ALIBABA_CLOUD_OIDC_PROVIDER_ARN
  value: {{ .Values.rrsa.oidcProviderArn | quote }}
- name: ALIBABA_CLOUD_OIDC_TOKEN_FILE
  value: /var/run/secrets/sag-exporter-oidc/token
- name: ALIBABA_CLOUD_ROLE_SESSION_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
A probe: (dict "root" $ "path" … "timing" …). Nobody but the program can ask
whether it works where the kubelet would be refused, and nobody at all whether it
is ready: a pod that listens counts as ready then.
*/}}
{{- define "sag-exporter.probe" -}}
{{- $web := .root.Values.web }}
{{- $guarded := or $web.basicAuth $web.clientCertificates }}
{{- if not $guarded -}}
httpGet:
  path: {{ .path }}
  port: metrics
  scheme: {{ include "sag-exporter.scheme" .root | upper }}
{{- else if eq .path "/-/healthy" -}}
exec:
  command: [/usr/bin/sag-exporter, healthcheck, "--web.listen-address=:{{ $web.port }}"]
{{- else -}}
tcpSocket:
  port: metrics
{{- end }}
{{ toYaml .timing }}
{{- end }}

{{- define "sag-exporter.volumeMounts" -}}
- name: config
  mountPath: /etc/sag-exporter
  readOnly: true
{{- if include "sag-exporter.secretName" . }}
- name: keys
  mountPath: /run/secrets/sag-exporter
  readOnly: true
{{- end }}
{{- if include "sag-exporter.webSecretName" . }}
- name: web
  mountPath: /etc/sag-exporter-web
  readOnly: true
{{- end }}
{{- if .Values.rrsa.roleArn }}
- name: oidc-token
  mountPath: /var/run/secrets/sag-exporter-oidc
  readOnly: true
{{- end }}
{{- if ne .Values.state.type "none" }}
- name: state
  mountPath: {{ .Values.state.mountPath }}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "sag-exporter.volumes" -}}
- name: config
  configMap:
    name: {{ .Values.existingConfigMap.name | default (include "sag-exporter.fullname" .) }}
    items:
      - key: {{ ternary .Values.existingConfigMap.key "sag-exporter.yml" (not (empty .Values.existingConfigMap.name)) }}
        path: sag-exporter.yml
{{- with include "sag-exporter.secretName" . }}
- name: keys
  secret:
    secretName: {{ . }}
    # 0440: the user of the process reads them by its group.
    defaultMode: 288
{{- end }}
{{- with include "sag-exporter.webSecretName" . }}
- name: web
  secret:
    secretName: {{ . }}
    defaultMode: 288
{{- end }}
{{- if .Values.rrsa.roleArn }}
- name: oidc-token
  projected:
    defaultMode: 288
    sources:
      - serviceAccountToken:
          path: token
          audience: {{ .Values.rrsa.audience }}
          expirationSeconds: {{ int .Values.rrsa.tokenExpirationSeconds }}
{{- end }}
{{- if eq .Values.state.type "emptyDir" }}
- name: state
  emptyDir:
    sizeLimit: {{ .Values.state.size }}
{{- else if and (eq .Values.state.type "persistentVolumeClaim") (not (include "sag-exporter.claimTemplate" .)) }}
- name: state
  persistentVolumeClaim:
    claimName: {{ .Values.state.existingClaim | default (printf "%s-state" (include "sag-exporter.fullname" .)) }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "sag-exporter.spread" -}}
{{- if .Values.topologySpreadConstraints }}
{{- toYaml .Values.topologySpreadConstraints }}
{{- else if gt (int .Values.shards) 1 -}}
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "sag-exporter.selectorLabels" . | nindent 6 }}
{{- end }}
{{- end }}

{{- define "sag-exporter.claimSpec" -}}
accessModes:
  {{- toYaml .Values.state.accessModes | nindent 2 }}
{{- with .Values.state.storageClassName }}
storageClassName: {{ . }}
{{- end }}
resources:
  requests:
    storage: {{ .Values.state.size }}
{{- end }}
