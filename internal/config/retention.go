package config

import (
	"fmt"
	"time"
)

const (
	// minRetention is the shortest time that events and deliveries may be kept. The
	// check of the ledger looks 25 hours back and runs every hour, and an answer to an
	// Idempotency-Key is good for 24 hours: both need what they refer to, also when
	// nothing ran for a night.
	minRetention = 48 * time.Hour
	// minAuditRetention is the same for the audit log. The trigger of the table has
	// this number, too: it lets nobody remove what is younger.
	minAuditRetention = 30 * 24 * time.Hour
)

// retentionRules refuse what would remove rows that Godwit still needs.
func (c Config) retentionRules() []rule {
	var waits time.Duration
	for _, wait := range c.RetrySchedule {
		waits += wait
	}
	// Waits may be a fifth longer; the day is for what the ledger's check looks at.
	least := max(minRetention, (waits*6/5+24*time.Hour).Truncate(time.Hour)+time.Hour)
	return []rule{
		{time.Duration(c.Retention) < least, "GODWIT_RETENTION", fmt.Sprintf("must be at least %s: retries and the check of the ledger need what is younger", inHours(least))},
		{time.Duration(c.AuditRetention) < minAuditRetention, "GODWIT_AUDIT_RETENTION", fmt.Sprintf("must be at least %s: the database removes nothing from the audit log that is younger", inHours(minAuditRetention))},
	}
}

func inHours(d time.Duration) string { return fmt.Sprintf("%dh", d/time.Hour) }
