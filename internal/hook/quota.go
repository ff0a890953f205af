package hook

import (
	"fmt"
	"math"
	"time"
)

// Limits say how much there may be of something; 0 = any number.
type Limits struct {
	// Of each user: webhooks, the rules of all of them, test events a minute, and
	// the bytes that test events take up until retention removes them.
	Webhooks, Rules, TestEvents, StoredBytes int64
	// Of each company: events and their bytes a second, in each process that takes
	// events.
	Events, Bytes int64
}

// OwnLimits are those of one company, in the place of the installation's; nil =
// the installation's. The first four are for each of its projects' members.
type OwnLimits struct {
	Webhooks    *int64 `json:"webhooks,omitempty"`
	Rules       *int64 `json:"rules,omitempty"`
	TestEvents  *int64 `json:"test_events_per_minute,omitempty"`
	StoredBytes *int64 `json:"stored_bytes,omitempty"`
	Events      *int64 `json:"events_per_second,omitempty"`
	Bytes       *int64 `json:"bytes_per_second,omitempty"`
}

// With gives the limits of a company, or of a member of several companies, that
// have their own: the largest of those, else the installation's.
func (l Limits) With(own ...OwnLimits) Limits {
	for _, limit := range []struct {
		of  func(OwnLimits) *int64
		set *int64
	}{
		{func(o OwnLimits) *int64 { return o.Webhooks }, &l.Webhooks},
		{func(o OwnLimits) *int64 { return o.Rules }, &l.Rules},
		{func(o OwnLimits) *int64 { return o.TestEvents }, &l.TestEvents},
		{func(o OwnLimits) *int64 { return o.StoredBytes }, &l.StoredBytes},
		{func(o OwnLimits) *int64 { return o.Events }, &l.Events},
		{func(o OwnLimits) *int64 { return o.Bytes }, &l.Bytes},
	} {
		var largest *int64
		for _, o := range own {
			if n := limit.of(o); n != nil && (largest == nil || larger(*n, *largest)) {
				largest = n
			}
		}
		if largest != nil {
			*limit.set = *largest
		}
	}
	return l
}

// larger compares limits, of which 0 is the largest.
func larger(a, b int64) bool { return b != 0 && (a == 0 || a > b) }

// QuotaName names what is limited. The values are part of the API.
type QuotaName string

// What is limited.
const (
	QuotaWebhooks    QuotaName = "webhooks"
	QuotaRules       QuotaName = "rules"
	QuotaTestEvents  QuotaName = "test_events"
	QuotaStoredBytes QuotaName = "stored_bytes"
	QuotaEvents      QuotaName = "events"
	QuotaBytes       QuotaName = "bytes"
)

// QuotaNames lists all of them.
var QuotaNames = []QuotaName{QuotaWebhooks, QuotaRules, QuotaTestEvents, QuotaStoredBytes, QuotaEvents, QuotaBytes}

// Quota is a limit and how much of it is used.
type Quota struct {
	Name  QuotaName
	Limit int64 // 0 = any number
	Used  int64
	// Window is how long an empty rate takes to be full again; 0 for what is counted
	// until it is removed.
	Window time.Duration
}

// Left is how much of the limit is left.
func (q Quota) Left() int64 { return max(0, q.Limit-q.Used) }

// Usage is what a user takes up.
type Usage struct {
	Webhooks, Rules, StoredBytes int64
	Tests                        Bucket // of test events
}

// testWindow is what the limit of test events is for.
const testWindow = time.Minute

// Quotas lists what a user may have and has.
func (u Usage) Quotas(l Limits, now time.Time) []Quota {
	return []Quota{
		{Name: QuotaWebhooks, Limit: l.Webhooks, Used: u.Webhooks},
		{Name: QuotaRules, Limit: l.Rules, Used: u.Rules},
		{Name: QuotaStoredBytes, Limit: l.StoredBytes, Used: u.StoredBytes},
		u.Tests.Quota(Rate{QuotaTestEvents, l.TestEvents, testWindow}, now),
	}
}

// remedyOf ends the words about a limit that only an admin can raise.
func remedyOf(setting string) string {
	return "or have an admin raise the limit: limits of PUT /v1/companies/{id}, or " + setting + " for the installation"
}

// Grow adds webhooks and rules. What is above its limit already stays, but
// nothing is added to it.
func (u Usage) Grow(l Limits, webhooks, rules int64) (Usage, error) {
	u.Webhooks, u.Rules = u.Webhooks+webhooks, u.Rules+rules
	switch {
	case webhooks > 0 && l.Webhooks > 0 && u.Webhooks > l.Webhooks:
		q := Quota{Name: QuotaWebhooks, Limit: l.Webhooks, Used: u.Webhooks - webhooks}
		return u, q.full("The owner may have %d webhooks and has %d: delete one that is not needed, ", q.Limit, q.Used).or("GODWIT_USER_WEBHOOKS")
	case rules > 0 && l.Rules > 0 && u.Rules > l.Rules:
		q := Quota{Name: QuotaRules, Limit: l.Rules, Used: u.Rules - rules}
		return u, q.full("The owner may have %d rules in all webhooks together and has %d, so %d more are too many: remove rules that are not needed, ", q.Limit, q.Used, rules).or("GODWIT_USER_RULES")
	}
	return u, nil
}

// testCost is what a test event takes up beside its states: its rows, and its
// attempts in brief.
const testCost = 4 << 10

// TestBytes is what a test event with these states takes up.
func TestBytes(previous, current []byte) int64 { return int64(len(previous) + len(current) + testCost) }

// Test adds a test event of so many bytes. The rate comes last: who is over the
// limit of bytes need not wait.
func (u Usage) Test(l Limits, bytes int64, now time.Time) (Usage, error) {
	if l.StoredBytes > 0 && u.StoredBytes+bytes > l.StoredBytes {
		q := Quota{Name: QuotaStoredBytes, Limit: l.StoredBytes, Used: u.StoredBytes}
		return u, q.full("The test events of an owner may take up %d bytes; they take up %d, and this one needs %d: wait until retention removes old ones, ", q.Limit, q.Used, bytes).or("GODWIT_USER_STORED_BYTES")
	}
	u.StoredBytes += bytes
	var err error
	u.Tests, err = u.Tests.Take(Rate{QuotaTestEvents, l.TestEvents, testWindow}, 1, now)
	return u, err
}

// rateSettings name what sets the rates of an installation.
var rateSettings = map[QuotaName]string{QuotaTestEvents: "GODWIT_USER_TEST_RATE", QuotaEvents: "GODWIT_COMPANY_EVENT_RATE", QuotaBytes: "GODWIT_COMPANY_BYTE_RATE"}

func (r Rate) words() string {
	switch r.Name {
	case QuotaTestEvents:
		return fmt.Sprintf("The owner may send %d test events a minute: wait, ", r.Limit)
	case QuotaEvents:
		return fmt.Sprintf("The company of the project may publish %d events a second: wait, ", r.Limit)
	}
	return fmt.Sprintf("The events of the project's company may have %d bytes a second: wait, ", r.Limit)
}

// full is the error of a count that has reached its limit.
func (q Quota) full(format string, args ...any) *Error {
	return &Error{Code: CodeQuota, Message: fmt.Sprintf(format, args...), Quota: &q}
}

// or completes the words of full by the setting that raises the limit.
func (e *Error) or(setting string) error {
	e.Message += remedyOf(setting)
	return e
}

// Rate allows Limit of something in a window, all of it at once where none was
// used before; 0 = any number.
type Rate struct {
	Name   QuotaName
	Limit  int64
	Window time.Duration
}

// Bucket holds what is left of a rate: it is full at first, and fills again in a
// window. The zero Bucket is full.
type Bucket struct {
	Left float64
	At   time.Time
}

// filled gives the bucket at a later time.
func (b Bucket) filled(r Rate, now time.Time) Bucket {
	limit := float64(r.Limit)
	if b.At.IsZero() {
		return Bucket{limit, now}
	}
	since := max(0, now.Sub(b.At))
	return Bucket{min(limit, b.Left+limit*since.Seconds()/r.Window.Seconds()), now}
}

// Take takes n out of the bucket, or says how long to wait until there are so many.
// More than it can hold are taken from a full one, which then owes the rest: so an
// event that is larger than what is allowed in a second passes, once in a while.
func (b Bucket) Take(r Rate, n int64, now time.Time) (Bucket, error) {
	if r.Limit == 0 {
		return b, nil
	}
	full := b.filled(r, now)
	if missing := float64(min(n, r.Limit)) - full.Left; missing > 1e-9 {
		wait := time.Duration(math.Ceil(missing / float64(r.Limit) * r.Window.Seconds() * float64(time.Second)))
		q := full.Quota(r, now)
		return full, &Error{Code: CodeRateLimited, Wait: wait, Quota: &q, Message: r.words() + remedyOf(rateSettings[r.Name])}
	}
	return Bucket{full.Left - float64(n), now}, nil
}

// Owe takes n out of the bucket, though it may not hold so many.
func (b Bucket) Owe(r Rate, n int64, now time.Time) Bucket {
	if r.Limit == 0 {
		return b
	}
	b = b.filled(r, now)
	b.Left -= float64(n)
	return b
}

// Quota tells what is used of the rate.
func (b Bucket) Quota(r Rate, now time.Time) Quota {
	q := Quota{Name: r.Name, Limit: r.Limit, Window: r.Window}
	if r.Limit > 0 {
		q.Used = r.Limit - int64(math.Floor(b.filled(r, now).Left+1e-9))
	}
	return q
}

// Until is how long it takes until all of a rate is there again.
func (q Quota) Until() time.Duration {
	if q.Limit == 0 {
		return 0
	}
	return time.Duration(float64(q.Used) / float64(q.Limit) * float64(q.Window))
}
