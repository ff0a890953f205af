package access

import (
	"context"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"godwit/internal/hook"
)

const (
	// limitsAge is how old the limits of companies may be.
	limitsAge = 5 * time.Second
	// projectsKnown is of how many projects a process knows the company: some 20 MB.
	projectsKnown = 100_000
)

// CompanyRates counts the events of each company, in this process alone: nothing
// is asked of the database for an event. Which company a project belongs to is known
// from the events that were accepted before, so that the first events of a project
// are counted when they are accepted, and never refused. It is safe for concurrent
// use.
type CompanyRates struct {
	installation hook.Limits
	read         func(context.Context) (map[string]hook.OwnLimits, error)
	now          func() time.Time
	projects     *lru.Cache[string, string] // company by project
	left         Memory[*companyLeft]       // by company

	mu     sync.Mutex
	own    map[string]hook.OwnLimits
	readAt time.Time
}

// companyLeft is what is left of the rates of one company.
type companyLeft struct {
	mu            sync.Mutex
	events, bytes hook.Bucket
}

// NewCompanyRates counts by the installation's limits, and by those of companies that
// read gives.
func NewCompanyRates(installation hook.Limits, read func(context.Context) (map[string]hook.OwnLimits, error)) *CompanyRates {
	projects, err := lru.New[string, string](projectsKnown)
	if err != nil {
		panic(err) // only for a size that is not above zero
	}
	return &CompanyRates{installation: installation, read: read, now: time.Now, projects: projects, left: NewMemory[*companyLeft]()}
}

// limitsOf gives the limits of a company, which one request reads again when they
// are old; the others go on with those that are there. So does that request, where
// they can't be read.
func (c *CompanyRates) limitsOf(ctx context.Context, companyID string) hook.Limits {
	c.mu.Lock()
	now := c.now()
	old := now.Sub(c.readAt) >= limitsAge
	if old {
		c.readAt = now
	}
	own := c.own
	c.mu.Unlock()
	if old {
		if found, err := c.read(ctx); err == nil {
			c.mu.Lock()
			c.own, own = found, found
			c.mu.Unlock()
		}
	}
	return c.installation.With(own[companyID])
}

// Forget lets the next request read the limits again, after a change in this process.
func (c *CompanyRates) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readAt = time.Time{}
}

func eventRates(l hook.Limits) (events, bytes hook.Rate) {
	return hook.Rate{Name: hook.QuotaEvents, Limit: l.Events, Window: time.Second}, hook.Rate{Name: hook.QuotaBytes, Limit: l.Bytes, Window: time.Second}
}

func sizeOf(e hook.Event) int64 { return int64(len(e.Previous) + len(e.Current)) }

// Take counts events of companies that are known, and gives why some are refused,
// by their places; nil = none is.
func (c *CompanyRates) Take(ctx context.Context, events []hook.Event) (refused map[int]error) {
	for i, e := range events {
		companyID, known := c.projects.Get(e.ProjectID)
		if !known {
			continue
		}
		if err := c.leftOf(companyID).take(c.limitsOf(ctx, companyID), sizeOf(e), c.now()); err != nil {
			if refused == nil {
				refused = map[int]error{}
			}
			refused[i] = err
		}
	}
	return refused
}

func (c *CompanyRates) leftOf(companyID string) *companyLeft {
	return c.left.Of(companyID, func() *companyLeft { return &companyLeft{} })
}

func (l *companyLeft) take(limits hook.Limits, size int64, now time.Time) error {
	perEvent, perByte := eventRates(limits)
	l.mu.Lock()
	defer l.mu.Unlock()
	events, err := l.events.Take(perEvent, 1, now)
	if err != nil {
		return err
	}
	bytes, err := l.bytes.Take(perByte, size, now)
	if err != nil {
		return err
	}
	l.events, l.bytes = events, bytes
	return nil
}

// Accepted learns the companies of projects, and counts the events of those that
// were not known. It gives the company whose events these are, "" where there are
// several.
func (c *CompanyRates) Accepted(ctx context.Context, events []hook.Event, accepted []hook.Accepted) (one string) {
	several := false
	for i, a := range accepted {
		if a.CompanyID == "" { // a duplicate, or refused
			continue
		}
		before, known := c.projects.Peek(events[i].ProjectID)
		if before != a.CompanyID {
			c.projects.Add(events[i].ProjectID, a.CompanyID)
		}
		if !known {
			perEvent, perByte := eventRates(c.limitsOf(ctx, a.CompanyID))
			l := c.leftOf(a.CompanyID)
			l.mu.Lock()
			l.events, l.bytes = l.events.Owe(perEvent, 1, c.now()), l.bytes.Owe(perByte, sizeOf(events[i]), c.now())
			l.mu.Unlock()
		}
		several = several || one != "" && one != a.CompanyID
		one = a.CompanyID
	}
	if several {
		return ""
	}
	return one
}

// Quotas tells what a company may publish, and has published lately, here.
func (c *CompanyRates) Quotas(ctx context.Context, companyID string) []hook.Quota {
	perEvent, perByte := eventRates(c.limitsOf(ctx, companyID))
	l := c.leftOf(companyID)
	l.mu.Lock()
	defer l.mu.Unlock()
	return []hook.Quota{l.events.Quota(perEvent, c.now()), l.bytes.Quota(perByte, c.now())}
}
