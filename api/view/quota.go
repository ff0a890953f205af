package view

import (
	"time"

	"godwit/internal/hook"
)

// Quota is a limit with its use.
type Quota struct {
	Name          hook.QuotaName `json:"name" doc:"What is limited"`
	Limit         *int64         `json:"limit" minimum:"1" doc:"How much there may be; null = any number"`
	Used          int64          `json:"used" doc:"How much there is; of a rate, what was used lately and has not come back yet"`
	WindowSeconds *int           `json:"window_seconds" minimum:"1" doc:"The time that a rate is for; null for what is counted until it is removed"`
}

// OfQuota shows a limit.
func OfQuota(q hook.Quota) Quota {
	return Quota{Name: q.Name, Limit: Optional(q.Limit), Used: q.Used, WindowSeconds: Optional(int(q.Window / time.Second))}
}

// OfQuotas shows limits.
func OfQuotas(all []hook.Quota) []Quota {
	out := make([]Quota, len(all))
	for i, q := range all {
		out[i] = OfQuota(q)
	}
	return out
}
