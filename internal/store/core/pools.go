package core

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"godwit/internal/hook"
	"godwit/internal/inflight"
)

const (
	// DefaultConnections is how many connections a process has at most, beside the one
	// that listens and those that end a statement: two processes with all roles fit on
	// a Postgres of 100 connections.
	DefaultConnections = 40
	// LeastConnections gives each purpose what it can't do without.
	LeastConnections = 30
	// turnPatience is how long a request waits for its owner's turn.
	turnPatience = 5 * time.Second
	// GatherStatements is how many statements one gather has under way at most, and
	// gatherLanes how many both have that take what Ingest is offered.
	GatherStatements = 2
	gatherLanes      = 2 * GatherStatements
)

// purposes says what connections are for: how many there are of LeastConnections, and
// of each ten more. What is left over is for housekeeping.
var purposes = []struct {
	name        string
	least, more int
}{
	{"quick", 2, 1},
	{"intake", 8, 2},
	{"attempts", 11, 0}, // 8 turns in package activities, and what waits for no lock
	{"reads", 3, 3},
	{"changes", 3, 3},
	{"housekeeping", 3, 1},
}

// pools are the connections of a process by purpose: what is slow for one purpose
// keeps no other waiting. A pool that nothing uses opens no connection.
type pools struct {
	// quick is for small statements that wait for no lock: who asks, before every
	// request, and whether the database is there.
	QuickPool *pool
	// intake accepts events. The statements that gather and large share take no turns;
	// what a condition decided, and parts of combinations, have turns by project.
	IntakePool *pool
	// attempts begins attempts and writes their ends.
	AttemptsPool *pool
	// reads is of Snapshot, with turns by who asks.
	reads *pool
	// changes is for what people change, with turns by who asks.
	ChangesPool *pool
	// housekeeping is for all else.
	HousekeepingPool *pool
}

// pool is the connections for one purpose. It is safe for concurrent use.
type pool struct {
	DB *sqlx.DB
	// statements holds *sqlx.Stmt by query: prepared once, then reused.
	statements sync.Map
	// turns bounds the transactions, and those of one owner; nil = nothing does.
	turns *inflight.Turns
	// busy says what is to be done by who has had no turn.
	busy string
}

func newPools(c connector) pools {
	one := func(what string) *pool {
		db := sqlx.NewDb(sql.OpenDB(c), "postgres")
		db.SetConnMaxIdleTime(5 * time.Minute)
		return &pool{DB: db, busy: "too many " + what + " are under way; send this one again in a moment"}
	}
	return pools{one("requests"), one("events"), one("attempts"), one("reads"), one("changes"), one("tasks")}
}

// byName lists the pools.
func (p pools) byName() map[string]*pool {
	return map[string]*pool{"quick": p.QuickPool, "intake": p.IntakePool, "attempts": p.AttemptsPool, "reads": p.reads, "changes": p.ChangesPool, "housekeeping": p.HousekeepingPool}
}

// sizes shares connections out among the pools.
func sizes(connections int) map[string]int {
	out, left := map[string]int{}, connections
	for _, p := range purposes {
		out[p.name] = p.least + p.more*(connections-LeastConnections)/10
		left -= out[p.name]
	}
	out["housekeeping"] += left
	return out
}

// bound shares out the connections among the pools.
func (p pools) bound(connections int) {
	size := sizes(connections)
	for name, one := range p.byName() {
		one.DB.SetMaxOpenConns(size[name])
		one.DB.SetMaxIdleConns(size[name])
	}
	judged := size["intake"] - gatherLanes
	p.IntakePool.turns = &inflight.Turns{AtOnce: judged, OfOwner: judged * 3 / 4} // one project may be the only one
	p.reads.turns = turns(size["reads"])
	// A request with an idempotency key holds a connection while it may need another
	// one, for a statement that is prepared.
	p.ChangesPool.turns = turns(size["changes"] - 1)
}

// turns gives one owner half of n.
func turns(n int) *inflight.Turns { return &inflight.Turns{AtOnce: n, OfOwner: (n + 1) / 2} }

// enter waits for the owner's turn, and gives what ends it.
func (p *pool) enter(ctx context.Context, owner string) (leave func(), err error) {
	if p.turns == nil {
		return func() {}, nil
	}
	waiting, cancel := context.WithTimeout(ctx, turnPatience)
	defer cancel()
	if leave, err = p.turns.Enter(waiting, owner); err != nil {
		return nil, p.tooBusy(ctx, err)
	}
	return leave, nil
}

// tooBusy tells who has waited long enough, and is still there, to come again.
func (p *pool) tooBusy(ctx context.Context, err error) error {
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return &hook.Error{Code: hook.CodeUnavailable, Message: p.busy, Err: err}
	}
	return err
}

type useKey struct{}

// use is what the statements of a context run on, and whose turns they take.
type use struct {
	pool  *pool
	owner string
}

// Via gives a context whose statements run on the connections of p, in the turns of
// who asks, unless it has a transaction.
func Via(ctx context.Context, p *pool) context.Context { return viaFor(ctx, p, ownerOf(ctx)) }

// viaFor is via in the turns of the owner.
func viaFor(ctx context.Context, p *pool, owner string) context.Context {
	if TxOf(ctx) != nil {
		return ctx
	}
	return context.WithValue(ctx, useKey{}, use{p, owner})
}

// ownerOf is who asks: the user with all keys and sessions, else the key; "" for
// Godwit's own work.
func ownerOf(ctx context.Context) string {
	p := hook.PrincipalOf(ctx)
	if p.UserID != "" {
		return "user " + p.UserID
	}
	return p.KeyID
}
