{{/* One rule, with the threshold and the address of the runbook of the values. */}}
{{- define "sag-exporter.rule" -}}
{{- $rule := .rule }}
{{- range .values.thresholds }}
{{- $labels := .labels | default dict }}
{{- if and (eq ($rule.record | default "") (printf "sag:threshold:%s" .name)) (eq (toJson $labels) (toJson ($rule.labels | default dict))) }}
{{- $_ := set $rule "expr" (printf "vector(%s)" (toString .value)) }}
{{- end }}
{{- end }}
{{- if and $rule.annotations .values.runbookUrlPrefix }}
{{- $_ := set $rule.annotations "runbook_url" (printf "%s/%s" (trimSuffix "/" .values.runbookUrlPrefix) $rule.annotations.runbook_url) }}
{{- end }}
{{- toYaml $rule }}
{{- end }}

{{/* A threshold that names no rule would change nothing, in silence. */}}
{{- define "sag-exporter.validateRules" -}}
{{- $known := list }}
{{- $alerts := list }}
{{- range $path, $_ := .Files.Glob "files/rules/*.rules.yml" }}
{{- range ($.Files.Get $path | fromYaml).groups }}
{{- range .rules }}
{{- if .record }}
{{- $known = append $known (printf "%s%s" .record (toJson (.labels | default dict))) }}
{{- else }}
{{- $alerts = append $alerts .alert }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- range .Values.prometheusRule.thresholds }}
{{- if not (has (printf "sag:threshold:%s%s" .name (toJson (.labels | default dict))) $known) }}
{{- fail (printf "prometheusRule.thresholds: files/rules/thresholds.rules.yml has no %s with the labels %s" .name (toJson (.labels | default dict))) }}
{{- end }}
{{- end }}
{{- range .Values.prometheusRule.disabledAlerts }}
{{- if not (has . $alerts) }}
{{- fail (printf "prometheusRule.disabledAlerts: there is no alert %s" .) }}
{{- end }}
{{- end }}
{{- end }}
