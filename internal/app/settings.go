package app

import (
	"time"

	"godwit/api"
	"godwit/internal/config"
	"godwit/internal/hook"
)

// settings are what the API shows of the configuration: nothing that is secret.
func settings(cfg config.Config) api.Settings {
	out := api.Settings{
		Temporal:      api.SystemTemporal{Address: cfg.TemporalAddress, Namespace: cfg.TemporalNamespace, UIURL: orNull(cfg.TemporalUIURL)},
		RetrySchedule: texts(cfg.RetrySchedule), RecoverySchedule: texts(cfg.RecoverySchedule),
		RecoveryWindow: cfg.RecoveryWindow.String(), DeliveryTimeout: cfg.DeliveryTimeout.String(),
		Retention: time.Duration(cfg.Retention).String(), AuditRetention: time.Duration(cfg.AuditRetention).String(),
		EgressAllow: texts(cfg.EgressAllow), AllowHTTP: cfg.AllowHTTP, Mail: cfg.SMTPURL != "", PublicURL: orNull(cfg.PublicURL),
		PublishRate: int(cfg.PublishRate), ManagementRate: int(cfg.ManagementRate),
	}
	l := limits(cfg)
	out.Limits = api.SystemLimits{UserWebhooks: l.Webhooks, UserRules: l.Rules, UserTestRate: l.TestEvents, UserStoredBytes: l.StoredBytes, CompanyEventRate: l.Events, CompanyByteRate: l.Bytes}
	return out
}

// limits are the installation's of users and companies.
func limits(cfg config.Config) hook.Limits {
	return hook.Limits{
		Webhooks: int64(cfg.UserWebhooks), Rules: int64(cfg.UserRules), TestEvents: int64(cfg.UserTestRate), StoredBytes: int64(cfg.UserStoredBytes),
		Events: int64(cfg.CompanyEventRate), Bytes: int64(cfg.CompanyByteRate),
	}
}

func texts[T interface{ String() string }](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.String()
	}
	return out
}

// orNull is nil for an empty text.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
